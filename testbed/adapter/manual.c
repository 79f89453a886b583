// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "testbed/adapter/contract.h"
#include "testbed/adapter/manual.h"

/* One line from the person at the terminal, without its end; false: nobody is there. */
static bool ask(FILE *terminal, const char *question, char *out, size_t size)
{
	fprintf(terminal, "%s ", question);
	fflush(terminal);
	if (!fgets(out, (int)size, terminal))
		return false;
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

static FILE *open_terminal(void)
{
	return fopen("/dev/tty", "r+e");
}

int manual_start(const struct manifest *m, const struct manifest_role *role,
	const char *const *env, char *why, size_t size)
{
	FILE *terminal = open_terminal();
	char line[80];

	if (!terminal) {
		snprintf(why, size, "%s is worked by hand, and there is no terminal to ask a "
			"person at; run it from one", m->name);
		return -1;
	}
	fprintf(terminal, "\n%s: start it as %s with these settings:\n", m->name, role->name);
	for (; *env; env++)
		if (strncmp(*env, "BATON_", 6) == 0)
			fprintf(terminal, "  %s\n", *env + 6);
	bool ready = ask(terminal, "Enter when it runs, n if it cannot:", line, sizeof(line));
	fclose(terminal);
	if (ready && line[0] != 'n')
		return 0;
	snprintf(why, size, "%s was not started by hand", m->name);
	return -1;
}

int manual_verb(const char *verb, const char *const *arguments, char *word, size_t size)
{
	const struct contract_verb *row = contract_verb(verb);
	FILE *terminal = open_terminal();
	char line[80] = "";

	if (!terminal)
		return 1;
	fprintf(terminal, "\nNow please: %s", row ? row->meaning : verb);
	for (; arguments && *arguments; arguments++)
		fprintf(terminal, " %s", *arguments);
	bool answered = ask(terminal, strcmp(verb, "state") == 0 ?
			"\nThe word, or u (it cannot tell):" :
			"\nEnter when done, u if it cannot, f if it did not work:",
		line, sizeof(line));
	fclose(terminal);
	if (word && size)
		snprintf(word, size, "%s", line);
	if (!answered || strcmp(line, "f") == 0)
		return 1;
	return strcmp(line, "u") == 0 ? 127 : 0;
}
