// SPDX-License-Identifier: Apache-2.0
/*
 * Nodes as programs: the mobile node as a PANA client against the access router as its agent, over
 * the loopback of a namespace; then a node with an interface, on a wire with a DHCP server. What
 * needs radios and ESP is in handover_check.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ref/ar/ar_program.h"
#include "ref/cn/cn_program.h"
#include "ref/mn/mn_program.h"
#include "ref/node/test_node.h"

#define PSK "000102030405060708090a0b0c0d0e0f"
#define QUICK "  protocol: {ping_gap: 1 ms, request: {irt: 20 ms, mrc: 3}}\n"

#define USERS                                                                                      \
	"eap:\n  users:\n    - {identity: mn@example, methods: [psk], psk: " PSK "}\n"
#define AGENT "pana:\n  listen: 127.0.0.1\n" QUICK USERS
/* Who cannot authenticate gives up soon. */
#define HASTY "  protocol: {failed_timeout: 1 s, request: {irt: 20 ms, mrc: 3}}\n"
#define HASTY_AGENT "pana:\n  listen: 127.0.0.1\n" HASTY USERS
#define CLIENT_WITH(key, times)                                                                    \
	"eap: {identity: mn@example, psk: " key "}\n"                                              \
	"pana:\n  bind: 127.0.0.2:5000\n" times                                                    \
	"networks:\n  - {name: b, paa: 127.0.0.1}\n"
#define CLIENT CLIENT_WITH(PSK, QUICK)

static bool has_space;

static int setup(void **state)
{
	(void)state;
	has_space = enter_test_space();
	return 0;
}

#define NEED_SPACE                                                                                 \
	(void)state;                                                                               \
	if (!has_space) {                                                                          \
		print_message("no network namespace to be had here\n");                            \
		skip();                                                                            \
	}

struct pair {
	struct test_node mn, ar;
};

static void begin_pair(struct pair *p, const char *client, const char *agent)
{
	test_node_configure(&p->ar, "ar", agent);
	test_node_configure(&p->mn, "mn", client);
	test_node_begin(&p->ar, &ar_program, false);
	assert_true(test_node_ready(&p->ar));
	test_node_begin(&p->mn, &mn_program, false);
	assert_true(test_node_ready(&p->mn));
}

static void end_pair(struct pair *p)
{
	assert_int_equal(test_node_end(&p->mn, SIGTERM), 0);
	assert_int_equal(test_node_end(&p->ar, SIGTERM), 0);
	assert_int_equal(access(p->mn.socket, F_OK), -1);
	test_node_remove(&p->mn);
	test_node_remove(&p->ar);
}

#define DOES(node, ...)                                                                            \
	do {                                                                                       \
		char said_[256];                                                                   \
		if (!test_node_does(node, __VA_ARGS__, said_))                                     \
			fail_msg("%s", said_);                                                     \
	} while (0)

static void refuses(const struct test_node *n, const char *command, const char *key,
	const char *value, const char *because)
{
	char said[256];

	assert_false(test_node_does(n, command, key, value, said));
	if (!strstr(said, because))
		fail_msg("%s said \"%s\" and not \"%s\"", command, said, because);
}

/* --- PANA client and agent -------------------------------------------------------------------- */

static void a_session_lives_and_ends(void **state)
{
	struct pair p;
	json_t *status;

	NEED_SPACE;
	begin_pair(&p, CLIENT, AGENT);
	DOES(&p.mn, "connect", NULL, NULL);
	refuses(&p.mn, "connect", NULL, NULL, "a session with network b already");
	DOES(&p.mn, "ping", NULL, NULL);
	DOES(&p.mn, "reauth", NULL, NULL);
	DOES(&p.ar, "ping", NULL, NULL);
	DOES(&p.ar, "reauth", NULL, NULL);
	status = test_node_ask(&p.ar, "status", NULL, NULL);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "result"),
				 "sessions")),
		1);
	json_decref(status);
	DOES(&p.mn, "terminate", NULL, NULL);
	refuses(&p.mn, "ping", NULL, NULL, "there is no session");
	DOES(&p.mn, "preauth", "network", "b");
	DOES(&p.ar, "terminate", NULL, NULL);
	assert_true(test_node_has(p.mn.events, "\"event\":\"pana_authenticated\""));
	assert_true(test_node_has(p.mn.events, "\"access\":\"preauthorised\""));
	assert_true(test_node_has(p.ar.events, "\"detail\":\"mn@example\""));
	end_pair(&p);
}

static void a_wrong_key_is_refused_and_leaves_nothing(void **state)
{
	struct pair p;
	json_t *status;

	NEED_SPACE;
	begin_pair(&p, CLIENT_WITH("ffffffffffffffffffffffffffffffff", HASTY), HASTY_AGENT);
	/* RFC 4764 §4.1: the agent discards the wrong MAC, so the client learns nothing. */
	refuses(&p.mn, "connect", NULL, NULL, "not finished in time");
	status = test_node_ask(&p.ar, "sessions", NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(json_object_get(status, "result"),
				 "sessions")),
		0);
	assert_true(test_node_has(p.ar.events, "\"event\":\"pana_rejected\""));
	assert_true(test_node_has(p.ar.events, "the peer has another pre-shared key"));
	json_decref(status);
	end_pair(&p);
}

static void an_agent_that_died_is_noticed(void **state)
{
	struct pair p;

	NEED_SPACE;
	begin_pair(&p, CLIENT, AGENT);
	DOES(&p.mn, "connect", NULL, NULL);
	assert_int_equal(test_node_end(&p.ar, SIGKILL), 1000 + SIGKILL);
	refuses(&p.mn, "ping", NULL, NULL, "unreachable");
	/* The socket that it left gives way to the next one. */
	test_node_begin(&p.ar, &ar_program, false);
	assert_true(test_node_ready(&p.ar));
	DOES(&p.mn, "connect", NULL, NULL);
	end_pair(&p);
}

static void an_agent_may_begin(void **state)
{
	struct pair p;

	NEED_SPACE;
	begin_pair(&p,
		"eap: {identity: mn@example, psk: " PSK "}\npana: {bind: 127.0.0.2}\n"
		"networks: [{name: any}]\n",
		AGENT);
	refuses(&p.mn, "connect", NULL, NULL, "its agent begins");
	DOES(&p.ar, "start", "address", "127.0.0.2");
	DOES(&p.ar, "terminate", NULL, NULL);
	DOES(&p.ar, "start", "address", "127.0.0.2"); /* it waits again */
	end_pair(&p);
}

static void keyless_methods_work_too(void **state)
{
	struct pair p;

	NEED_SPACE;
	begin_pair(&p,
		"eap: {identity: mn@example, password: secret}\npana: {bind: 127.0.0.2:5000}\n"
		"networks: [{name: b, paa: 127.0.0.1}]\n",
		"pana: {listen: 127.0.0.1}\neap:\n  users:\n"
		"    - {identity: \"*@example\", methods: [md5], password: secret}\n");
	DOES(&p.mn, "connect", NULL, NULL);
	end_pair(&p);
}

/* --- beginnings that fail --------------------------------------------------------------------- */

struct mistake {
	const struct program *program;
	const char *text;
	int status;
	const char *said;
};

static const struct mistake mistakes[] = {
	{ &mn_program, "", 2, "eap has no \"identity\"" },
	{ &mn_program, "eap: {identity: x}\nnetworks: [{name: b}]\n", 2,
		"5: eap has no secret; give psk, password or tls" },
	{ &mn_program, "eap: {identity: x, psk: " PSK "}\nnetworks: [{name: b}, {name: b}]\n", 2,
		"6: a network b stands here already" },
	{ &mn_program, "eap: {identity: x, psk: " PSK "}\nnetworks: [{name: b}]\nstart: c\n", 2,
		"7: there is no network c" },
	{ &mn_program,
		"eap: {identity: x, psk: " PSK "}\nnetworks: [{name: b}]\ndevice: {name: nowhere0}\n",
		1, "interface nowhere0: No such device" },
	{ &mn_program,
		"eap: {identity: x, psk: " PSK "}\nnetworks: [{name: b}]\n"
		"pana: {bind: \"192.0.2.77:5000\", protocol: {prf: [MD5]}}\n",
		2, "7: prf has \"MD5\"" },
	{ &ar_program, "eap: {users: [{identity: x, methods: [psk]}]}\n", 2,
		"5: x has the method psk and no psk" },
	{ &ar_program, "eap: {users: [{identity: x, methods: [tls]}]}\n", 2,
		"5: x has the method tls and eap has no tls" },
	{ &ar_program,
		"eap: {users: [{identity: x, methods: [psk], psk: " PSK "}]}\n"
		"access: {device: nowhere0}\n",
		1, "interface nowhere0: No such device" },
	{ &cn_program, "address: 10.0.0.1\npeers: [{home: 10.9.0.1, key_id: 1, key: 0011}]\n", 2,
		"6: key: \"0011\" does not fit; it takes hexadecimal digits from 16 to 64 octets" },
	{ &cn_program, "address: \"::1\"\npeers: []\n", 2, "6: peers has 0 items" },
};

static void mistakes_end_with_one_clear_sentence(void **state)
{
	NEED_SPACE;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];
		struct test_node n;
		test_node_configure(&n, "node", m->text);
		test_node_begin(&n, m->program, false);
		int status = test_node_end(&n, 0);
		if (status != m->status || !test_node_has(n.output, m->said))
			fail_msg("mistake %zu: status %d; see %s", i, status, n.output);
		test_node_remove(&n);
	}
}

static void a_second_node_does_not_take_the_socket(void **state)
{
	struct test_node first, second;

	NEED_SPACE;
	test_node_configure(&first, "ar", AGENT);
	test_node_begin(&first, &ar_program, false);
	assert_true(test_node_ready(&first));
	second = first;
	test_node_begin(&second, &ar_program, false);
	assert_int_equal(test_node_end(&second, 0), 1);
	assert_true(test_node_has(first.output, "another node is served there"));
	DOES(&first, "status", NULL, NULL); /* the first is not disturbed */
	assert_int_equal(test_node_end(&first, SIGINT), 0);
	test_node_remove(&first);
}

/* --- a node with an interface ----------------------------------------------------------------- */

#define WIRED_CLIENT                                                                               \
	"eap: {identity: mn@example, psk: " PSK "}\n"                                              \
	"device:\n  name: m0\n"                                                                    \
	"  dhcp: {probe_wait: 5 ms, probe_interval: 10 ms, announce_wait: 20 ms,\n"              \
	"    retransmit: 200 ms}\n"                                                                 \
	"networks:\n  - {name: b, paa: 198.51.100.1}\n"                                           \
	"  - {name: c, address: 203.0.113.9/24, router: 203.0.113.1}\n"
#define WIRED_AGENT                                                                                \
	"eap:\n  users:\n    - {identity: mn@example, methods: [psk], psk: " PSK "}\n"             \
	"access: {device: r0}\n"

/* A DHCP server in the router's namespace that ends with this test, however that ends. */
static pid_t serve_dhcp(const struct pair *p)
{
	char target[16], leases[96], log[96];
	pid_t child;

	snprintf(target, sizeof(target), "%d", p->ar.pid);
	snprintf(leases, sizeof(leases), "--dhcp-leasefile=%s/leases", p->ar.folder);
	snprintf(log, sizeof(log), "--log-facility=%s/dnsmasq", p->ar.folder);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("nsenter", "nsenter", "-t", target, "-n", "dnsmasq", "-k", "--no-ping", "-p",
			"0", "-i", "r0", "--bind-interfaces", "--conf-file=/dev/null", "--user=",
			"--group=", "--dhcp-range=198.51.100.100,198.51.100.199,600",
			"--dhcp-option=3,198.51.100.1", leases, log, NULL);
		_exit(127);
	}
	return child;
}

/* Puts the two nodes' namespaces onto one wire. */
static bool lay_wire(const struct pair *p)
{
	return test_run("ip link add m0 type veth peer name r0") &&
		test_run("ip link set m0 netns %d && ip link set r0 netns %d", p->mn.pid,
			p->ar.pid) &&
		test_run("nsenter -t %d -n sh -c 'ip link set r0 up; "
			 "ip addr add 198.51.100.1/24 dev r0; ip addr add 198.51.100.2/24 dev r0'",
			p->ar.pid);
}

static bool mn_shows(const struct pair *p, const char *command, const char *text)
{
	return test_run("nsenter -t %d -n %s | grep -q '%s'", p->mn.pid, command, text);
}

static void begin_wired_pair(struct pair *p, pid_t *dhcp)
{
	if (!test_run("command -v dnsmasq nsenter >/dev/null") || access("/dev/net/tun", R_OK | W_OK)) {
		print_message("dnsmasq, nsenter or /dev/net/tun is missing here\n");
		skip();
	}
	test_node_configure(&p->ar, "ar", WIRED_AGENT);
	test_node_configure(&p->mn, "mn", WIRED_CLIENT);
	test_node_begin(&p->ar, &ar_program, true);
	test_node_begin(&p->mn, &mn_program, true);
	assert_true(lay_wire(p));
	*dhcp = serve_dhcp(p);
	test_node_go(&p->ar);
	assert_true(test_node_ready(&p->ar));
	test_node_go(&p->mn);
	assert_true(test_node_ready(&p->mn));
}

static void end_dhcp(pid_t dhcp)
{
	kill(dhcp, SIGTERM);
	waitpid(dhcp, NULL, 0);
}

static void a_node_attaches_on_a_wire_and_leaves_no_trace(void **state)
{
	struct pair p;
	pid_t dhcp;

	NEED_SPACE;
	begin_wired_pair(&p, &dhcp);
	DOES(&p.mn, "connect", "network", "b");
	assert_true(mn_shows(&p, "ip addr", "198.51.100.1[0-9][0-9]/24"));
	assert_true(mn_shows(&p, "ip route", "default via 198.51.100.1"));
	assert_false(mn_shows(&p, "ip addr", "169.254")); /* it was for the agent only */
	assert_true(mn_shows(&p, "ping -c 1 -W 2 198.51.100.1", "1 received"));
	refuses(&p.mn, "connect", "network", "b", "in network b already");
	refuses(&p.mn, "handoff", "network", "z", "there is no network z");
	assert_true(test_node_has(p.mn.events, "\"event\":\"dad_done\""));
	assert_true(test_node_has(p.ar.events, "\"event\":\"pana_address_updated\""));

	DOES(&p.mn, "disconnect", NULL, NULL);
	assert_false(mn_shows(&p, "ip addr", "198.51.100"));
	refuses(&p.mn, "disconnect", NULL, NULL, "in no network");
	DOES(&p.mn, "connect", "network", "b");
	end_dhcp(dhcp);
	end_pair(&p);
}

/* How often the DHCP server has got or sent such a message: on a slow machine more often than once for
 * each time that it is wanted. */
static unsigned dhcp_saw(const struct pair *p, const char *message)
{
	char path[256], line[512];
	unsigned n = 0;
	FILE *log;

	snprintf(path, sizeof(path), "%s/dnsmasq", p->ar.folder);
	log = fopen(path, "re");
	while (log && fgets(line, sizeof(line), log))
		n += strstr(line, message) != NULL;
	if (log)
		fclose(log);
	return n;
}

/* RFC 2131 §4.4.2: back in a network whose lease is still valid, the node asks for it again. */
static void a_node_that_comes_back_asks_for_its_old_address(void **state)
{
	struct pair p;
	pid_t dhcp;
	unsigned asked, given;

	NEED_SPACE;
	begin_wired_pair(&p, &dhcp);
	DOES(&p.mn, "connect", "network", "b");
	asked = dhcp_saw(&p, "DHCPDISCOVER(");
	given = dhcp_saw(&p, "DHCPACK(");
	assert_true(asked > 0 && given > 0);
	DOES(&p.mn, "connect", "network", "c");
	DOES(&p.mn, "connect", "network", "b");
	assert_true(test_node_has(p.mn.events, "\"event\":\"dhcp_started\",\"requested\":\"198.51."));
	assert_int_equal(dhcp_saw(&p, "DHCPDISCOVER("), asked);
	assert_true(dhcp_saw(&p, "DHCPACK(") > given);

	/* a server that has forgotten it is silent (§4.3.2), and asked for any other */
	DOES(&p.mn, "connect", "network", "c");
	end_dhcp(dhcp);
	assert_true(test_run("rm %s/leases %s/dnsmasq", p.ar.folder, p.ar.folder));
	dhcp = serve_dhcp(&p);
	DOES(&p.mn, "connect", "network", "b");
	asked = dhcp_saw(&p, "DHCPDISCOVER(");
	assert_true(asked > 0 && dhcp_saw(&p, "DHCPACK(") > 0);
	assert_true(mn_shows(&p, "ip addr", "198.51.100.1[0-9][0-9]/24"));

	/* what was given back is not asked for */
	DOES(&p.mn, "disconnect", NULL, NULL);
	DOES(&p.mn, "connect", "network", "b");
	assert_true(dhcp_saw(&p, "DHCPDISCOVER(") > asked);
	end_dhcp(dhcp);
	end_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_lives_and_ends),
		cmocka_unit_test(a_wrong_key_is_refused_and_leaves_nothing),
		cmocka_unit_test(an_agent_that_died_is_noticed),
		cmocka_unit_test(an_agent_may_begin),
		cmocka_unit_test(keyless_methods_work_too),
		cmocka_unit_test(mistakes_end_with_one_clear_sentence),
		cmocka_unit_test(a_second_node_does_not_take_the_socket),
		cmocka_unit_test(a_node_attaches_on_a_wire_and_leaves_no_trace),
		cmocka_unit_test(a_node_that_comes_back_asks_for_its_old_address),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
