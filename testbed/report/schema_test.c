// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/report/schema.h"

static const struct {
	const char *schema, *value;
	const char *message; /* part of it; NULL: the value is good */
} cases[] = {
	{ "{'type':'string'}", "'a'", NULL },
	{ "{'type':'string'}", "5", "/ is 5; needed is string" },
	{ "{'type':'integer'}", "5", NULL },
	{ "{'type':'integer'}", "5.5", "is 5.5; needed is integer" },
	{ "{'type':'number'}", "5", NULL },
	{ "{'type':'number'}", "5.5", NULL },
	{ "{'type':'boolean'}", "true", NULL },
	{ "{'type':'boolean'}", "0", "needed is boolean" },
	{ "{'type':['number','null']}", "null", NULL },
	{ "{'type':['number','null']}", "'x'", "is \"x\"; needed is number or null" },
	{ "{'type':'array','items':{'type':'integer'}}", "[1,2]", NULL },
	{ "{'type':'array','items':{'type':'integer'}}", "[1,'x']", "/1 is \"x\"" },
	{ "{'minItems':1}", "[]", "at least 1 items" },
	{ "{'enum':['a','b']}", "'b'", NULL },
	{ "{'enum':['a','b']}", "'c'", "is \"c\"; needed is one of a, b" },
	{ "{'const':'a'}", "'a'", NULL },
	{ "{'const':'a'}", "'b'", "needed is \"a\"" },
	{ "{'minimum':0}", "0", NULL },
	{ "{'minimum':0}", "-1", "the least possible is 0" },
	{ "{'minLength':1}", "''", "needed is a text of at least 1" },
	{ "{'minLength':2}", "'\xc3\xa9'", "needed is a text of at least 2" },
	{ "{'required':['a']}", "{'a':1}", NULL },
	{ "{'required':['a']}", "{'b':1}", "/ lacks \"a\"" },
	{ "{'properties':{'a':{'type':'object','required':['b']}}}", "{'a':{}}", "/a lacks \"b\"" },
	{ "{'properties':{'a':{}},'additionalProperties':false}", "{'a':1}", NULL },
	{ "{'properties':{'a':{}},'additionalProperties':false}", "{'z':1}", "/ has \"z\"" },
	{ "{'patternProperties':{'^x-':{}},'additionalProperties':false}", "{'x-a':1}", NULL },
	{ "{'patternProperties':{'^x-':{}},'additionalProperties':false}", "{'xa':1}",
		"has \"xa\"" },
	{ "{'patternProperties':{'^x-':{'type':'string'}}}", "{'x-a':1}", "/x-a is 1" },
	{ "{'additionalProperties':{'type':'string'}}", "{'a':1}", "/a is 1" },
	{ "{'$ref':'#/$defs/w','$defs':{'w':{'type':'string'}}}", "'a'", NULL },
	{ "{'$ref':'#/$defs/w','$defs':{'w':{'type':'string'}}}", "1", "needed is string" },
	/* A wrong type is named before what follows from it. */
	{ "{'required':['a'],'type':'object'}", "[]", "is an array; needed is object" },
	/* Schemas that cannot be obeyed. */
	{ "{'maximum':5}", "1", "the schema: keyword maximum is not understood" },
	{ "{'patternProperties':{'^x.*':{}}}", "{}", "the schema: pattern ^x.*" },
	{ "{'$ref':'#/$defs/none'}", "1", "the schema: $ref #/$defs/none leads nowhere" },
	{ "{'$ref':'#/$defs/w','$defs':{'w':{'$ref':'#/$defs/w'}}}", "1",
		"the schema: nests deeper" },
};

static json_t *parse(const char *text)
{
	char copy[256];
	json_t *value;

	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	for (char *s = copy; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	value = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	return value;
}

static void keywords_do_what_the_specification_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *schema = parse(cases[i].schema), *value = parse(cases[i].value);
		struct report_error error = { "" };
		int rc = report_schema_check_against(schema, value, "f", &error);

		if (rc != (cases[i].message ? -1 : 0) ||
			(cases[i].message && !strstr(error.text, cases[i].message)))
			fail_msg("%s of %s: expected \"%s\", received %d \"%s\"", cases[i].schema,
				cases[i].value, cases[i].message ? cases[i].message : "", rc,
				error.text);
		json_decref(schema);
		json_decref(value);
	}
}

static void the_shipped_schema_is_obeyed(void **state)
{
	json_t *value = parse("{'format':'baton-result-1'}");
	struct report_error error;

	(void)state;
	assert_int_equal(report_schema_check(value, "f", &error), -1);
	assert_string_equal(error.text, "f: / lacks \"baton\"; it is required");
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords_do_what_the_specification_says),
		cmocka_unit_test(the_shipped_schema_is_obeyed),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
