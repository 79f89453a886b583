// SPDX-License-Identifier: Apache-2.0
/* sut.yaml: what is read, and what is said about what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/adapter/contract.h"
#include "testbed/adapter/manifest.h"

static struct manifest *read_manifest(const char *text)
{
	struct diagnostics d = { 0 };
	struct manifest *m = NULL;

	if (manifest_parse("sut.yaml", "/adapter", text, strlen(text), &m, &d) < 0)
		diagnostics_print(&d, stderr);
	diagnostics_free(&d);
	assert_non_null(m);
	return m;
}

static void test_whole(void **state)
{
	struct manifest *m = read_manifest("name: other\nversion: other --version\nverb: ask\n"
		"patience: 2.5\n"
		"features: [eap-psk, timers]\nextra: {licence-key: 42}\nsettings: {lifetime: 60}\n"
		"roles:\n"
		"  paa:\n    start: run paa\n    stop: halt\n    ends: yes\n"
		"    ready: {log: '^listening', within: 3}\n    features: [sessions]\n"
		"  pac:\n    start: run pac\n    ready: {port: 716}\n");
	const struct manifest_role *paa = manifest_role(m, "paa"), *pac = manifest_role(m, "pac");
	(void)state;
	assert_string_equal(m->name, "other");
	assert_string_equal(m->folder, "/adapter");
	assert_true(m->patience == 2.5);
	assert_string_equal(m->extra[0].name, "licence-key");
	assert_string_equal(m->settings[0].value, "60");
	assert_string_equal(paa->start, "run paa");
	assert_string_equal(paa->stop, "halt");
	assert_true(paa->ends);
	assert_int_equal(paa->ready.kind, READY_LOG);
	assert_true(expression_found(paa->ready.expression, "x\nlistening at 716\n", 19));
	assert_false(expression_found(paa->ready.expression, "not listening", 13));
	assert_true(paa->ready.within == 3);
	assert_int_equal(pac->ready.kind, READY_PORT);
	assert_int_equal(pac->ready.port, 716);
	assert_true(manifest_claims(paa, "sessions"));
	assert_true(manifest_claims(paa, "timers"));
	assert_false(manifest_claims(pac, "sessions"));
	assert_true(manifest_claims(pac, "eap-psk"));
	assert_null(manifest_role(m, "mn"));
	manifest_free(m);
}

static void test_give(void **state)
{
	struct manifest *m = read_manifest("name: x\nsettings: {lifetime: 60}\n"
		"roles: {paa: {start: x}}\n");
	(void)state;
	manifest_give(m, "lifetime", "90");
	assert_int_equal(m->setting_count, 2);
	assert_string_equal(m->settings[0].value, "60");
	assert_string_equal(m->settings[1].value, "90");
	manifest_free(m);
	m = read_manifest("name: x\nroles: {paa: {start: x}}\n");
	manifest_give(m, "esp", "kernel");
	assert_int_equal(m->setting_count, 1);
	assert_string_equal(m->settings[0].name, "esp");
	manifest_free(m);
}

static void test_device(void **state)
{
	struct manifest *m = read_manifest("name: box\nmanual: yes\nroles: {paa: }\n"
		"wire: {interface: eth1, address: 192.0.2.7, tester: 192.0.2.1, "
		"mac: 02:00:00:00:00:0a}\n");
	(void)state;
	assert_true(m->manual);
	assert_string_equal(m->wire.interface, "eth1");
	assert_true(m->wire.has_mac && m->wire.mac[0] == 2 && m->wire.mac[5] == 10);
	assert_null(m->roles[0].start);
	manifest_free(m);
}

struct bad {
	const char *text, *finding;
};

static const struct bad bad[] = {
	{ "", "sut.yaml:1: the file is empty; right are name:, roles: and what docs/adapters.md "
		"says" },
	{ "name: x\n", "sut.yaml:1: no role; right is roles: with at least one of the roles that "
		"it can play, such as paa or pac, and its start command" },
	{ "roles: {paa: {start: x}}\n", "sut.yaml:1: name is missing; right is name: and a word "
		"for this implementation" },
	{ "name: x\nroles:\n  paa: {stop: x}\n", "sut.yaml:3: role paa has no start; right is "
		"start: COMMAND, or manual: yes, or wire: for a device" },
	{ "name: x\nrules: {}\nroles: {paa: {start: x}}\n", "sut.yaml:2: sut.yaml knows no key "
		"rules; right are name, version, roles, features, extra, settings, verb, wire, "
		"manual, patience" },
	{ "name: [x]\nroles: {paa: {start: x}}\n", "sut.yaml:1: name is no text; right is one line "
		"of text" },
	{ "name: x\nname: y\nroles: {paa: {start: x}}\n", "sut.yaml:2: name stands twice; keep "
		"one" },
	{ "name: x\nroles:\n  paa:\n    start: x\n    ready: {log: '('}\n", "sut.yaml:5: log: ( is "
		"no regular expression: missing closing parenthesis; right is one as of grep -P" },
	{ "name: x\nroles:\n  paa:\n    start: x\n    ready: {log: '(((x{255}){255}){255}){255}'}\n",
		"sut.yaml:5: log: (((x{255}){255}){255}){255} is no regular expression: regular "
		"expression is too large; right is one as of grep -P" },
	{ "name: x\nroles:\n  paa:\n    start: x\n    ready: {port: 70000}\n", "sut.yaml:5: port: "
		"70000 does not fit; right is a number above 0, at most 65535" },
	{ "name: x\nroles:\n  paa:\n    start: x\n    ready: {port: 716, seconds: 1}\n",
		"sut.yaml:5: ready has more than one sign; right is one of log, port, command and "
		"seconds" },
	{ "name: x\nfeatures: [wings]\nroles: {paa: {start: x}}\n", "sut.yaml:2: wings is no "
		"feature that can be claimed; docs/adapters.md lists them" },
	{ "name: x\nfeatures: [keys]\nroles: {paa: {start: x}}\n", "sut.yaml:2: keys is no feature "
		"that can be claimed; docs/adapters.md lists them" },
	{ "name: x\nsettings: {colour: red}\nroles: {paa: {start: x}}\n", "sut.yaml:2: there is no "
		"setting colour; docs/adapters.md lists them" },
	{ "name: x\nsettings: {tls-max: 3}\nroles: {paa: {start: x}}\n", "sut.yaml:2: tls-max: 3 "
		"does not fit; right is one of 1.0 1.1 1.2 1.3" },
	{ "name: x\nroles: {paa: {start: x, ends: perhaps}}\n", "sut.yaml:2: ends: perhaps does "
		"not fit; right is yes or no" },
	{ "name: x\nroles: {paa: {}}\nwire: {interface: e, address: 192.0.2.1, tester: 192.0.2.2, "
	  "mac: 02:00:00:00:00}\n", "sut.yaml:3: 02:00:00:00:00 is no MAC address; right is "
		"02:00:00:00:00:02" },
	{ "name: x\nroles: {paa: {start: x}}\nwire: {interface: e}\n", "sut.yaml:3: wire lacks a "
		"part; right are interface, address (of the device) and tester (this machine's "
		"address there)" },
	{ "name: x\n  roles: [\n", "sut.yaml:2: this is no YAML: mapping values are not allowed in "
		"this context; right are lines of the form key: value" },
	{ "- x\n", "sut.yaml:1: sut.yaml is no mapping; right are lines of the form key: value" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct diagnostics d = { 0 };
		struct manifest *m;
		char *text;
		size_t size;
		assert_int_equal(manifest_parse("sut.yaml", "/", bad[i].text, strlen(bad[i].text),
			&m, &d), -1);
		assert_null(m);
		FILE *f = open_memstream(&text, &size);
		diagnostics_print(&d, f);
		fclose(f);
		if (!strstr(text, bad[i].finding))
			fail_msg("for:\n%s\nexpected: %s\nreceived: %s", bad[i].text,
				bad[i].finding, text);
		free(text);
		diagnostics_free(&d);
	}
}

/* Every row of the contract's tables can be found by its name, and its standard value fits. */
static void test_contract(void **state)
{
	char right[200];
	(void)state;
	for (const struct contract_setting *s = contract_settings; s->name; s++) {
		assert_ptr_equal(contract_setting(s->name), s);
		assert_int_equal(strncmp(s->variable, "BATON_", 6), 0);
		if (s->standard)
			assert_true(contract_value_fits(s, s->standard, right, sizeof(right)));
		assert_false(contract_value_fits(s, "", right, sizeof(right)));
		assert_true(*right);
	}
	for (const struct contract_feature *f = contract_features; f->name; f++)
		assert_ptr_equal(contract_feature(f->name), f);
	for (const struct contract_verb *v = contract_verbs; v->name; v++)
		assert_ptr_equal(contract_verb(v->name), v);
	assert_null(contract_setting("no"));
	assert_null(contract_feature("no"));
	assert_null(contract_verb("no"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_give),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_contract),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
