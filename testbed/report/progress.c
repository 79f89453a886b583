// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/progress.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "testbed/report/json.h"
#include "testbed/report/view.h"

#define CLEAR_LINE "\r\033[K"

struct progress {
	FILE *out;
	bool live; /* a terminal: one line, drawn over */
	size_t total;
	size_t done;
	size_t count[VERDICT_COUNT];
	char *test;
};

struct progress *progress_start(FILE *out, size_t total)
{
	struct progress *p = report_must(calloc(1, sizeof(*p)));

	p->out = out;
	p->live = isatty(fileno(out));
	p->total = total;
	return p;
}

/* Columns of the terminal, so that the line never wraps. */
static int columns(const struct progress *p)
{
	struct winsize size;

	if (ioctl(fileno(p->out), TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void progress_begin(struct progress *p, const char *test)
{
	char counter[48];

	free(p->test);
	p->test = report_format("%s", test);
	if (!p->live)
		return;
	if (p->total)
		snprintf(counter, sizeof(counter), "[%zu/%zu]", p->done + 1, p->total);
	else
		snprintf(counter, sizeof(counter), "[%zu]", p->done + 1);
	fprintf(p->out, CLEAR_LINE "%s %.*s", counter, columns(p) - (int)text_width(counter) - 2,
		test);
	fflush(p->out);
}

void progress_end(struct progress *p, enum verdict verdict, const char *reason, double duration_s)
{
	p->done++;
	p->count[verdict]++;
	if (p->live && verdict == VERDICT_PASS)
		return;
	fprintf(p->out, "%s%-14s ", p->live ? CLEAR_LINE : "", verdict_name(verdict));
	print_clean(p->out, p->test ? p->test : "");
	fprintf(p->out, " (%.2f s)\n", duration_s);
	if (reason && *reason && verdict != VERDICT_PASS) {
		fprintf(p->out, "%15s", "");
		print_clean(p->out, reason);
		fputc('\n', p->out);
	}
	fflush(p->out);
}

void progress_finish(struct progress *p)
{
	const char *separator = "";

	if (p->live)
		fputs(CLEAR_LINE, p->out);
	fprintf(p->out, "%zu tests%s", p->done, p->done ? ": " : "");
	for (size_t v = 0; v < VERDICT_COUNT; v++) {
		if (!p->count[v])
			continue;
		fprintf(p->out, "%s%zu %s", separator, p->count[v], verdict_name((enum verdict)v));
		separator = ", ";
	}
	fputc('\n', p->out);
	fflush(p->out);
	free(p->test);
	free(p);
}
