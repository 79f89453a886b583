// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/job.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void job_quote(FILE *to, const char *word)
{
	putc('\'', to);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", to);
		else
			putc(*word, to);
	}
	putc('\'', to);
}

static bool kept(const struct job *job, const char *name, size_t length)
{
	for (unsigned i = 0; i < job->keep_count; i++) {
		if (strlen(job->keep[i]) == length && memcmp(job->keep[i], name, length) == 0)
			return true;
	}
	return false;
}

void job_keep(struct job *job, const char *word)
{
	const char *at = word;

	while ((at = strstr(at, "/tmp/"))) {
		const char *name = at + strlen("/tmp/");
		size_t length = strcspn(name, "/:,= \t\n");
		bool begins = at == word || strchr(":,= \t\n\"'", at[-1]);

		at = name;
		if (!begins || length == 0 || name[0] == '.' || kept(job, name, length))
			continue;
		if (job->keep_count == JOB_KEEP_MAX)
			return;
		job->keep[job->keep_count] = strndup(name, length);
		if (!job->keep[job->keep_count++])
			abort();
	}
}

static void set(FILE *to, const char *name, const char *value)
{
	fprintf(to, "job_%s=", name);
	job_quote(to, value);
	putc('\n', to);
}

void job_write_settings(const struct job *job, FILE *to)
{
	set(to, "results", job->results ? job->results : "");
	set(to, "modules", job->modules);
	set(to, "mark", job->mark);
	set(to, "hoarder", job->hoarder ? job->hoarder : "");
	set(to, "release", job->release);
	if (job->rows > 0)
		fprintf(to, "job_rows=%u\njob_columns=%u\n", job->rows, job->columns);
	else
		fputs("job_rows=\n", to);
	fputs("job_keep() {\n\t:\n", to);
	for (unsigned i = 0; i < job->keep_count; i++) {
		fputs("\tkeep ", to);
		job_quote(to, job->keep[i]);
		putc('\n', to);
	}
	fputs("}\n", to);
}

/* A variable that a shell can export and that does not change how the script itself is read. TMPDIR is
 * a place on the host's disk, where looking costs time; in the guest /tmp is in memory. */
static bool exportable(const char *assignment)
{
	static const char *const own[] = { "IFS=", "PWD=", "OLDPWD=", "SHLVL=", "_=", "PPID=",
		"TMPDIR=" };
	const char *p = assignment;

	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strncmp(assignment, own[i], strlen(own[i])) == 0)
			return false;
	}
	if (!isalpha((unsigned char)*p) && *p != '_')
		return false;
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return *p == '=';
}

static void export(FILE *to, const char *name, size_t length, const char *value)
{
	fprintf(to, "export %.*s=", (int)length, name);
	job_quote(to, value);
	putc('\n', to);
}

void job_write_command(const struct job *job, FILE *to)
{
	for (char *const *e = job->environment; *e; e++) {
		size_t length = strcspn(*e, "=");

		if (exportable(*e))
			export(to, *e, length, *e + length + 1);
	}
	export(to, "BATON_GUEST", strlen("BATON_GUEST"), job->clock);
	if (job->results)
		export(to, "BATON_RESULTS", strlen("BATON_RESULTS"), job->results);
	fputs("cd -- ", to);
	job_quote(to, job->cwd);
	fputs(" || exit 125\nexec -a ", to);
	job_quote(to, job->argv[0]);
	fputs(" -- ", to);
	job_quote(to, job->program);
	for (char *const *word = job->argv + 1; *word; word++) {
		putc(' ', to);
		job_quote(to, *word);
	}
	putc('\n', to);
}

void job_free(struct job *job)
{
	for (unsigned i = 0; i < job->keep_count; i++)
		free(job->keep[i]);
	job->keep_count = 0;
}
