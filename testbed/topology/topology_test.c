// SPDX-License-Identifier: Apache-2.0
//
// Reader and validator: every file of bad/ gives exactly the findings of its .expect file, good
// files give the values they say.

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/topology/scalar.h"
#include "testbed/topology/service.h"
#include "testbed/topology/subnet.h"
#include "testbed/topology/topology.h"
#include "testbed/util/paths.h"

static struct topology *load(const char *text)
{
	struct diagnostics d = { 0 };
	struct topology *t;
	int error = topology_load_text("test", text, strlen(text), &t, &d);

	diagnostics_print(&d, stderr);
	diagnostics_free(&d);
	assert_int_equal(error, 0);
	return t;
}

static struct topology *load_named(const char *name)
{
	struct diagnostics d = { 0 };
	struct topology *t = NULL;
	char *path = topology_find(name, &d);

	assert_non_null(path);
	topology_load(path, &t, &d);
	diagnostics_print(&d, stderr);
	assert_non_null(t);
	free(path);
	return t;
}

/* The output of a function that prints, as a text to free. */
static char *printed(void (*print)(FILE *, const void *), const void *argument)
{
	char *text;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	print(f, argument);
	fclose(f);
	return text;
}

static char *file_text(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

/* --- values --------------------------------------------------------------------------------- */

static void good_and_bad_words(void **state)
{
	static const struct {
		enum scalar_type type;
		const char *good[6], *bad[8];
	} rows[] = {
		{ SCALAR_NAME, { "a", "ap-1", "mn" }, { "", "A", "1a", "a_b", "a b", "-a" } },
		{ SCALAR_INTERFACE, { "eth0", "wlan0.5", "x_y" },
			{ "", "lo", "all", "sixteen-letters-", "a/b", "0eth" } },
		{ SCALAR_END, { "mn:eth0", "ap-a:wlan0" },
			{ "mn", "mn:", ":eth0", "mn:a:b", "MN:eth0" } },
		{ SCALAR_NUMBER, { "0", "4294967295" },
			{ "", "-1", "+1", "4294967296", "1x", " 1" } },
		{ SCALAR_BOOL, { "true", "false", "yes", "no" }, { "", "1", "True", "on" } },
		{ SCALAR_ADDRESS, { "192.0.2.1", "2001:db8::1", "::" },
			{ "", "192.0.2", "192.0.2.1/24", "2001:db8::1::", "host" } },
		{ SCALAR_PREFIX, { "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "192.0.2.1/32" },
			{ "192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0", "default",
				"192.0.2.0/", "192.0.2.0/-1" } },
		{ SCALAR_DESTINATION, { "default", "192.0.2.0/24" },
			{ "Default", "192.0.2.1/24" } },
		{ SCALAR_RANGE, { "192.0.2.1 - 192.0.2.9", "192.0.2.1-192.0.2.1" },
			{ "192.0.2.9 - 192.0.2.1", "192.0.2.1", "192.0.2.1 - 2001:db8::1",
				"192.0.2.1 - 192.0.2.9 x" } },
		{ SCALAR_MAC, { "02:00:00:00:00:01", "fe:ff:ff:ff:ff:ff" },
			{ "01:00:00:00:00:00", "00:00:00:00:00:00", "02:00:00:00:00", "2:0:0:0:0:1",
				"02-00-00-00-00-01", "ff:ff:ff:ff:ff:ff" } },
		{ SCALAR_DURATION, { "0ms", "1.5s", "200us", "60s", "7ns" },
			{ "10", "61s", "-1ms", "1.2.3ms", "ms", "1 day", "10MS" } },
		{ SCALAR_SECONDS, { "90s", "10m", "1h", "2d" }, { "0s", "1", "1y", "99999d" } },
		{ SCALAR_PERCENT, { "0%", "0.5%", "100%" }, { "1", "101%", "-1%", "%" } },
		{ SCALAR_RATE, { "1bit", "500kbit", "10mbit", "100gbit" },
			{ "0mbit", "10", "101gbit", "10Mbit" } },
		{ SCALAR_PASSPHRASE, { "12345678", "with spaces and ~" },
			{ "1234567", "line\nbreak 8" } },
		{ SCALAR_PSK,
			{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF" },
			{ "0011",
				"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeef"
				"f" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topology_address out[2];
		const struct scalar_type_row *type = &scalar_types[rows[i].type];

		for (size_t j = 0; j < 6 && rows[i].good[j]; j++)
			if (!type->read(rows[i].good[j], out))
				fail_msg("\"%s\" is a good %s", rows[i].good[j], type->name);
		for (size_t j = 0; j < 8 && rows[i].bad[j]; j++)
			if (type->read(rows[i].bad[j], out))
				fail_msg("\"%s\" is no %s", rows[i].bad[j], type->name);
	}
}

static void quantities(void **state)
{
	uint64_t wide;
	uint32_t narrow;

	(void)state;
	assert_true(scalar_types[SCALAR_DURATION].read("1.5ms", &wide));
	assert_int_equal(wide, 1500000);
	assert_true(scalar_types[SCALAR_RATE].read("2.5mbit", &wide));
	assert_int_equal(wide, 2500000);
	assert_true(scalar_types[SCALAR_PERCENT].read("0.1%", &narrow));
	assert_int_equal(narrow, 1000);
	assert_true(scalar_types[SCALAR_SECONDS].read("1.5h", &narrow));
	assert_int_equal(narrow, 5400);
}

/* --- files ---------------------------------------------------------------------------------- */

static char *findings_of(const char *path)
{
	struct diagnostics d = { 0 };
	struct topology *t;
	char *text;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	assert_int_equal(topology_load(path, &t, &d), -EINVAL);
	assert_null(t);
	diagnostics_print(&d, f);
	diagnostics_free(&d);
	fclose(f);
	return text;
}

/* Each line of expected, after "PATH:". */
static char *with_path(const char *expected, const char *path)
{
	char *text, *rest = strdup(expected), *line, *at = rest;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	while ((line = strsep(&at, "\n")))
		if (*line)
			fprintf(f, "%s:%s\n", path, line);
	fclose(f);
	free(rest);
	return text;
}

static void bad_files(void **state)
{
	char *pattern = baton_file("testbed/topology/bad/*.yaml");
	glob_t files;

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 20);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		char *expect = path_format("%.*s.expect", (int)strlen(path) - 5, path);
		char *plain = file_text(expect), *expected = with_path(plain, path);
		char *found = findings_of(path);

		assert_string_equal(found, expected);
		free(found);
		free(expected);
		free(plain);
		free(expect);
	}
	globfree(&files);
	free(pattern);
}

static void unreadable_file(void **state)
{
	struct diagnostics d = { 0 };
	struct topology *t;

	(void)state;
	assert_int_equal(topology_load("/nonexistent/x.yaml", &t, &d), -ENOENT);
	assert_int_equal(d.count, 1);
	assert_non_null(strstr(d.list[0].text, "No such file"));
	diagnostics_free(&d);
	assert_null(topology_find("no-such-topology", &d));
	assert_int_equal(d.count, 1);
	diagnostics_free(&d);
}

/* A finding beyond the most that are kept is counted; what a file says cannot steer a terminal. */
static void many_findings(void **state)
{
	struct diagnostics d = { 0 };

	(void)state;
	for (int i = 0; i < DIAGNOSTICS_MAX + 3; i++)
		diagnostics_add(&d, "f", 1, "\033[2J");
	assert_int_equal(d.count, DIAGNOSTICS_MAX);
	assert_int_equal(d.dropped, 3);
	assert_string_equal(d.list[0].text, "?[2J");
	diagnostics_free(&d);
}

static void wired(void **state)
{
	struct topology *t = load_named("wired");
	char text[TOPOLOGY_ADDRESS_TEXT];

	(void)state;
	assert_int_equal(t->n_nodes, 2);
	assert_int_equal(t->needs, NEED_NETNS);
	assert_string_equal(topology_role(t, "sut")->name, "sut");
	assert_null(topology_role(t, "mn"));
	assert_string_equal(topology_address_text(topology_address(t, "sut", "eth0", AF_INET), true,
				    text),
		"192.0.2.2/24");
	assert_string_equal(topology_address_text(topology_address(t, "tester", NULL, AF_INET6),
				    true, text),
		"2001:db8::1/64");
	assert_null(topology_address(t, "sut", "eth1", 0));
	topology_free(t);
}

static void two_subnets(void **state)
{
	struct topology *t = load_named("two-subnets");
	const struct topology_radio *mobile = topology_radio(t, "mobile");

	(void)state;
	assert_int_equal(t->needs & (NEED_HWSIM | NEED_NETEM), NEED_HWSIM | NEED_NETEM);
	for (const char *const *role = (const char *const[]){ "mn", "ap", "ar", "cn", NULL }; *role;
		role++)
		assert_non_null(topology_role(t, *role));
	assert_int_equal(mobile->mode, RADIO_STATION);
	assert_int_equal(mobile->n_known, 2);
	assert_true(mobile->known[0].enabled);
	assert_false(mobile->known[1].enabled);
	assert_int_equal(topology_link(t, "par-core")->delay_ns, 10000000);
	assert_true(topology_node(t, "par")->forwarding);
	assert_false(topology_node(t, "cn")->forwarding);
	assert_string_equal(topology_node(t, "dhcp-a")->role, "");
	topology_free(t);
}

static void settings_are_flat(void **state)
{
	struct topology *t = load("name: t\nnodes:\n  a:\n    settings:\n      one: 1\n"
				  "      deep: {er: {value: x}}\n      list: [p, {q: r}]\n");
	const struct topology_node *a = topology_node(t, "a");

	(void)state;
	assert_string_equal(topology_setting(a, "one", NULL), "1");
	assert_string_equal(topology_setting(a, "deep.er.value", NULL), "x");
	assert_string_equal(topology_setting(a, "list.0", NULL), "p");
	assert_string_equal(topology_setting(a, "list.1.q", NULL), "r");
	assert_string_equal(topology_setting(a, "none", "fallback"), "fallback");
	assert_int_equal(a->n_settings, 4);
	assert_int_equal(a->settings[3].line, 7);
	topology_free(t);
}

/* Interfaces without a mac get one that depends on their names alone and clashes with none. */
static void made_macs(void **state)
{
	const char *text = "name: t\nnodes: {a: {}, b: {}}\n"
			   "links: {l: {ends: [{at: a:eth0}, {at: b:eth0}]}}\n";
	struct topology *one = load(text), *two = load(text);

	(void)state;
	assert_memory_equal(one->links[0].end[0].mac.bytes, two->links[0].end[0].mac.bytes, 6);
	assert_memory_not_equal(one->links[0].end[0].mac.bytes, one->links[0].end[1].mac.bytes, 6);
	assert_int_equal(one->links[0].end[0].mac.bytes[0], 2);
	topology_free(one);
	topology_free(two);
}

/* --- subnets -------------------------------------------------------------------------------- */

static struct topology_address prefix(const char *text)
{
	struct topology_address a;

	assert_true(scalar_types[SCALAR_PREFIX].read(text, &a));
	return a;
}

static void overlapping(void **state)
{
	struct topology_address a = prefix("10.0.0.0/8"), b = prefix("10.255.0.0/16"),
				c = prefix("11.0.0.0/8"), d = prefix("2001:db8::/33"),
				e = prefix("2001:db8:8000::/33");

	(void)state;
	assert_true(subnets_overlap(&a, &b));
	assert_true(subnets_overlap(&b, &a));
	assert_false(subnets_overlap(&a, &c));
	assert_false(subnets_overlap(&d, &e));
	assert_false(subnets_overlap(&a, &d));
	assert_true(subnet_contains(&a, &b));
	assert_false(subnet_contains(&b, &a));
}

/* --- what is derived ------------------------------------------------------------------------ */

static struct topology *radios(void)
{
	return load("name: t\nnodes: {ap: {kind: bridge}, mn: {}}\nradios:\n"
		    "  a: {at: ap:wlan0, mode: ap, channel: 36, ssid: ab, passphrase: 12345678, "
		    "options: {wmm_enabled: 1}}\n"
		    "  m: {at: mn:wlan0, mode: station, networks: [{ssid: ab, passphrase: "
		    "12345678, enabled: false}]}\n");
}

static void print_hostapd(FILE *f, const void *t)
{
	write_hostapd(f, t, topology_radio(t, "a"));
}

static void print_supplicant(FILE *f, const void *t)
{
	write_wpa_supplicant(f, t, topology_radio(t, "m"), "/credentials");
}

static void radio_configuration(void **state)
{
	struct topology *t = radios();
	char *text = printed(print_hostapd, t);

	(void)state;
	assert_string_equal(text,
		"interface=wlan0\ndriver=nl80211\nctrl_interface=/run/hostapd\n"
		"bridge=br0\nssid2=6162\nhw_mode=a\nchannel=36\nwpa=2\n"
		"wpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\n"
		"wpa_passphrase=12345678\nwmm_enabled=1\n");
	free(text);
	text = printed(print_supplicant, t);
	assert_string_equal(text,
		"ctrl_interface=/run/wpa_supplicant\nnetwork={\n\tssid=6162\n"
		"\tkey_mgmt=WPA-PSK\n\tproto=RSN\n\tpairwise=CCMP\n"
		"\tpsk=\"12345678\"\n\tscan_freq=5180\n\tpriority=1\n"
		"\tdisabled=1\n}\n");
	free(text);
	topology_free(t);
}

static void frequencies(void **state)
{
	(void)state;
	assert_int_equal(channel_frequency(1), 2412);
	assert_int_equal(channel_frequency(11), 2462);
	assert_int_equal(channel_frequency(36), 5180);
	assert_int_equal(channel_frequency(165), 5825);
}

static void print_dnsmasq(FILE *f, const void *argument)
{
	const struct topology *t = argument;

	write_dnsmasq(f, t, &t->nodes[0], &t->nodes[0].services[0], "/scratch");
}

static const char aaa_text[] =
	"name: t\n"
	"nodes:\n"
	"  ap: {kind: bridge, addresses: [192.0.2.1]}\n"
	"  mn: {}\n"
	"  aaa:\n"
	"    services:\n"
	"      - service: radius\n"
	"        clients: [{network: 192.0.2.0/24, secret: one}, {network: 2001:db8::/64, secret: "
	"two}]\n"
	"        realms: [{realm: home.example, server: 192.0.2.1, secret: three}]\n"
	"links:\n"
	"  l: {subnets: [192.0.2.0/24], ends: [{at: ap:eth0}, {at: aaa:eth0, addresses: "
	"[192.0.2.2]}]}\n"
	"radios:\n"
	"  a: {at: ap:wlan0, mode: ap, channel: 1, ssid: net, key_management: wpa-eap, preauth: "
	"true,\n"
	"    radius: [{server: 192.0.2.2, secret: one}]}\n"
	"  m: {at: mn:wlan0, mode: station,\n"
	"    networks: [{ssid: net, key_management: wpa-eap, identity: mn@home.example}]}\n";

static void print_freeradius(FILE *f, const void *argument)
{
	const struct topology *t = argument;

	write_freeradius(f, &topology_node(t, "aaa")->services[0], "/scratch", "/credentials");
}

static void assert_says(char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("\"%s\" is not in:\n%s", *words, text);
	free(text);
}

static void aaa_configuration(void **state)
{
	static const char *const freeradius[] = { "client c0 {\n\tipaddr = 192.0.2.0/24\n",
		"\tsecret = 'one'\n", "client c1 {\n\tipv6addr = 2001:db8::/64\n",
		"home_server h0 {\n\ttype = auth\n\tipaddr = 192.0.2.1\n", "\tsecret = 'three'\n",
		"realm home.example {\n\tauth_pool = p0\n\tnostrip\n}\n",
		"ca_file = \"/credentials/ca.pem\"\n", "pidfile = /scratch/pid\n", NULL };
	static const char *const hostapd[] = { "wpa_key_mgmt=WPA-EAP\n", "ieee8021x=1\n",
		"own_ip_addr=192.0.2.1\nnas_identifier=ap\nauth_server_addr=192.0.2.2\n",
		"auth_server_shared_secret=one\n", "rsn_preauth=1\nrsn_preauth_interfaces=br0\n",
		NULL };
	static const char *const supplicant[] = { "\tkey_mgmt=WPA-EAP\n", "\teap=TLS\n",
		"\tidentity=\"mn@home.example\"\n\tca_cert=\"/credentials/ca.pem\"\n",
		"\tclient_cert=\"/credentials/client.pem\"\n", NULL };
	struct topology *t = load(aaa_text);

	(void)state;
	assert_true(topology_wants_credentials(t));
	assert_says(printed(print_freeradius, t), freeradius);
	assert_says(printed(print_hostapd, t), hostapd);
	assert_says(printed(print_supplicant, t), supplicant);
	topology_free(t);
}

static void dhcp_configuration(void **state)
{
	struct topology *t =
		load("name: t\nnodes:\n  a:\n    services: [{service: dhcp, interface: "
		     "eth0, pool: 192.0.2.100 - 192.0.2.199, router: 192.0.2.1}]\n"
		     "  b: {}\nlinks: {l: {subnets: [192.0.2.0/24], ends: [{at: "
		     "a:eth0, addresses: [192.0.2.1]}, {at: b:eth0}]}}\n");
	char *text = printed(print_dnsmasq, t);

	(void)state;
	assert_non_null(strstr(text, "dhcp-range=192.0.2.100,192.0.2.199,255.255.255.0,3600\n"));
	assert_non_null(strstr(text, "dhcp-option=option:router,192.0.2.1\n"));
	assert_non_null(strstr(text, "dhcp-option=option:dns-server\n"));
	assert_non_null(strstr(text, "dhcp-leasefile=/scratch/dnsmasq-eth0.leases\n"));
	free(text);
	topology_free(t);
}

static void print_reference(FILE *f, const void *argument)
{
	(void)argument;
	topology_print_reference(f);
}

/* The manual holds what the tables print. */
static void manual_is_current(void **state)
{
	char *path = baton_file("docs/topology.md"), *manual = file_text(path);
	char *reference = printed(print_reference, NULL);

	(void)state;
	if (!strstr(manual, reference))
		fail_msg("docs/topology.md lacks the output of \"baton topo reference\"");
	free(reference);
	free(manual);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_and_bad_words),
		cmocka_unit_test(quantities),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(unreadable_file),
		cmocka_unit_test(many_findings),
		cmocka_unit_test(wired),
		cmocka_unit_test(two_subnets),
		cmocka_unit_test(settings_are_flat),
		cmocka_unit_test(made_macs),
		cmocka_unit_test(overlapping),
		cmocka_unit_test(radio_configuration),
		cmocka_unit_test(frequencies),
		cmocka_unit_test(dhcp_configuration),
		cmocka_unit_test(aaa_configuration),
		cmocka_unit_test(manual_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
