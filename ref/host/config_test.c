// SPDX-License-Identifier: Apache-2.0
/* Configuration: what is taken, and that each mistake is told with its line and what would be
 * right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/host/config.h"

struct inner {
	const char *name;
	unsigned port;
};

struct outer {
	const char *text, *path;
	bool flag;
	btime time;
	int word;
	struct prefix address, prefix;
	struct endpoint endpoint;
	uint8_t mac[6];
	struct config_octets octets;
	struct config_numbers words;
	struct inner map;
	struct inner *option;
	struct config_list list;
};

static const struct config_name words[] = { { 4, "four" }, { 5, "five" }, { 0, NULL } };

static const struct config_row inner_rows[] = {
	{ .key = "name", .kind = CONFIG_TEXT, .offset = offsetof(struct inner, name),
	  .required = true, .min = 1, .max = 8, .help = "A name." },
	{ .key = "port", .kind = CONFIG_UINT, .offset = offsetof(struct inner, port),
	  .otherwise = "716", .min = 1, .max = 65535, .help = "A port." },
	{ 0 },
};

static const struct config_row map_rows[] = {
	{ .key = "port", .kind = CONFIG_UINT, .offset = offsetof(struct inner, port),
	  .otherwise = "17", .min = 1, .max = 65535, .help = "A port." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct outer, member)

static const struct config_row rows[] = {
	{ .key = "text", .kind = CONFIG_TEXT, AT(text), .otherwise = "usual", .help = "" },
	{ .key = "path", .kind = CONFIG_PATH, AT(path), .help = "" },
	{ .key = "flag", .kind = CONFIG_BOOL, AT(flag), .help = "" },
	{ .key = "time", .kind = CONFIG_TIME, AT(time), .max = 60000, .help = "" },
	{ .key = "word", .kind = CONFIG_NAME, AT(word), .names = words, .help = "" },
	{ .key = "address", .kind = CONFIG_ADDRESS, AT(address), .help = "" },
	{ .key = "prefix", .kind = CONFIG_PREFIX, AT(prefix), .help = "" },
	{ .key = "endpoint", .kind = CONFIG_ENDPOINT, AT(endpoint), .port = 716, .help = "" },
	{ .key = "mac", .kind = CONFIG_MAC, AT(mac), .help = "" },
	{ .key = "octets", .kind = CONFIG_OCTETS, AT(octets), .min = 2, .max = 4, .help = "" },
	{ .key = "words", .kind = CONFIG_NAMES, AT(words), .names = words, .max = 2, .help = "" },
	{ .key = "map", .kind = CONFIG_MAP, AT(map), .rows = map_rows, .size = sizeof(struct inner),
	  .help = "" },
	{ .key = "option", .kind = CONFIG_OPTION, AT(option), .rows = inner_rows,
	  .size = sizeof(struct inner), .help = "" },
	{ .key = "list", .kind = CONFIG_LIST, AT(list), .rows = inner_rows, .max = 2,
	  .size = sizeof(struct inner), .help = "" },
	{ 0 },
};

/* Reads `yaml`; what went to stderr is in `said`. */
static struct config *read_text(const char *yaml, struct outer *out, char said[1024])
{
	char path[] = "/tmp/baton-config-XXXXXX", errors[] = "/tmp/baton-stderr-XXXXXX";
	int file = mkstemp(path), capture = mkstemp(errors), saved = dup(2);
	struct config *config;
	ssize_t size;

	assert_true(write(file, yaml, strlen(yaml)) == (ssize_t)strlen(yaml));
	close(file);
	fflush(stderr);
	dup2(capture, 2);
	memset(out, 0, sizeof(*out));
	config = config_read(path, rows, out);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	size = pread(capture, said, 1023, 0);
	said[size < 0 ? 0 : size] = '\0';
	close(capture);
	unlink(path);
	unlink(errors);
	return config;
}

static void every_kind_of_value_is_taken(void **state)
{
	struct outer o;
	char said[1024];
	struct config *config = read_text("path: x/y\nflag: yes\ntime: 1500 ms\nword: five\n"
					  "address: 2001:db8::1\nprefix: 10.0.0.1/8\n"
					  "endpoint: 192.0.2.1\nmac: 02:00:00:00:00:01\n"
					  "octets: 0aFF\nwords: [four, five]\noption: {name: n}\n"
					  "list:\n  - name: a\n    port: 1\n  - {name: b}\n",
		&o, said);
	struct inner *items = o.list.items;

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_string_equal(o.text, "usual");
	assert_string_equal(o.path, "/tmp/x/y");
	assert_true(o.flag);
	assert_int_equal(o.time, 1500 * BTIME_MS);
	assert_int_equal(o.word, 5);
	assert_int_equal(o.address.family, AF_INET6);
	assert_int_equal(o.prefix.length, 8);
	assert_int_equal(o.endpoint.port, 0xcc02); /* 716 in network byte order */
	assert_int_equal(o.mac[5], 1);
	assert_int_equal(o.octets.size, 2);
	assert_int_equal(o.octets.data[1], 0xff);
	assert_int_equal(o.words.count, 2);
	assert_int_equal(o.map.port, 17);
	assert_string_equal(o.option->name, "n");
	assert_int_equal(o.list.count, 2);
	assert_int_equal(items[0].port, 1);
	assert_int_equal(items[1].port, 716);
	config_free(config);
}

/* One row: a mistake, its line, and words that the finding must have. */
struct mistake {
	const char *yaml;
	unsigned line;
	const char *what, *right;
};

static const struct mistake mistakes[] = {
	{ "text: a\ntxt: b\n", 2, "unknown key \"txt\"", "text, path, flag" },
	{ "list:\n  - name: a\n    prt: 3\n", 3, "unknown key \"prt\" in item 1 of list",
		"name, port" },
	{ "list:\n  - port: 3\n", 2, "has no \"name\"", "text from 1 to 8" },
	{ "option:\n  name: a\n  port: 70000\n", 3, "port: \"70000\"", "from 1 to 65535" },
	{ "option:\n  name: abcdefghi\n", 2, "name: \"abcdefghi\"", "from 1 to 8 characters" },
	{ "flag: 17\n", 1, "flag: \"17\"", "true or false" },
	{ "time: 5\n", 1, "time: \"5\"", "a time with its unit" },
	{ "time: 2 min\n", 1, "time: \"2 min\"", "from 0 to 60000 ms" },
	{ "word: six\n", 1, "word: \"six\"", "four or five" },
	{ "address: 10.0.0.1/8\n", 1, "address: \"10.0.0.1/8\"", "an IP address" },
	{ "prefix: 10.0.0.1\n", 1, "prefix: \"10.0.0.1\"", "with a prefix length" },
	{ "endpoint: host\n", 1, "endpoint: \"host\"", "port 716 if not given" },
	{ "mac: 02:00\n", 1, "mac: \"02:00\"", "a MAC address" },
	{ "octets: 0g00\n", 1, "octets: \"0g00\"", "from 2 to 4 octets" },
	{ "octets: 00\n", 1, "octets: \"00\"", "from 2 to 4 octets" },
	{ "words: [four, six]\n", 1, "words has \"six\"", "four or five" },
	{ "words: four\n", 1, "words is a single value", "a list of" },
	{ "map: 3\n", 1, "map is a single value", "a map of keys" },
	{ "text: [a]\n", 1, "text is a list", "text" },
	{ "list: {name: a}\n", 1, "list is a map", "a list" },
	{ "list: [{name: a}, {name: b}, {name: c}]\n", 1, "list has 3 items", "from 0 to 2" },
	{ "text: a\ntext: b\n", 2, "text stands here a second time", "once" },
	{ "text: a\n  path: b\n", 2, "not YAML", "look at" },
	{ "- a\n", 1, "the file is a list", "a map of keys" },
	{ "", 1, "the file is empty", "a map of keys" },
};

static void every_mistake_is_told_with_its_line(void **state)
{
	struct outer o;
	char said[1024], place[16];

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];
		struct config *config = read_text(m->yaml, &o, said);
		snprintf(place, sizeof(place), ":%u: ", m->line);
		if (config || !strstr(said, place) || !strstr(said, m->what) ||
			!strstr(strstr(said, m->what), m->right))
			fail_msg("for %s it said: %s", m->yaml, said);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	struct outer o;
	char said[1024];

	(void)state;
	assert_null(read_text("flag: 2\nword: x\nfoo: 1\n", &o, said));
	assert_non_null(strstr(said, ":1: "));
	assert_non_null(strstr(said, ":2: "));
	assert_non_null(strstr(said, ":3: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_taken),
		cmocka_unit_test(every_mistake_is_told_with_its_line),
		cmocka_unit_test(all_mistakes_are_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
