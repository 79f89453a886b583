// SPDX-License-Identifier: Apache-2.0
/*
 * Two pages of the manual are written from the tables: docs/pana-fields.md and docs/pana-states.md.
 * They must be what the tables say. BATON_WRITE_DOCS=1 in the environment writes them anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/wire_reference.h"
#include "ref/pana/paa.h"
#include "ref/pana/pac.h"

static void machine(const struct fsm *fsm, const char *title, FILE *out)
{
	fprintf(out, "## %s\n\n", title);
	fsm_write_table(fsm, NULL, out);
	fputs("\n```mermaid\n", out);
	fsm_write_mermaid(fsm, NULL, out);
	fputs("```\n", out);
}

static void fields_page(FILE *out)
{
	wire_reference(&pana_protocol, out);
}

static void states_page(FILE *out)
{
	fputs("# State machines of PANA\n\n"
	      "Written from the rows that run (`ref/pana/pac_fsm.c`, `ref/pana/paa_fsm.c`). Events "
	      "that begin with\nRX are messages that have passed every check of RFC 5191 §5.5; "
	      "\"any\" is every state.\n\n",
		out);
	machine(pac_fsm(), "Client (PaC)", out);
	fputs("\n", out);
	machine(paa_fsm(), "Agent (PAA)", out);
}

static char *contents(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		fail_msg("%s: not there; run from the top of the tree", path);
	ssize_t got = getdelim(&text, &size, '\0', in);
	fclose(in);
	assert_true(got > 0);
	return text;
}

static void compare(const char *path, void (*write)(FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(out);
	fclose(out);
	if (getenv("BATON_WRITE_DOCS")) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	char *have = contents(path);
	if (strcmp(have, text) != 0)
		fail_msg("%s is not what the tables say; BATON_WRITE_DOCS=1 writes it anew", path);
	free(have);
	free(text);
}

static void test_fields(void **state)
{
	(void)state;
	compare("docs/pana-fields.md", fields_page);
}

static void test_states(void **state)
{
	(void)state;
	compare("docs/pana-states.md", states_page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_states),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
