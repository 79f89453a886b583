// SPDX-License-Identifier: Apache-2.0
/* What carries connections along: baton-iked, charon, Multipath TCP. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ref/host/control.h"
#include "testbed/measure/migration_stage.h"

#define UP_MS 20000
#define PRIORITY_MN 3 /* the mobile node's programs before the others', as in every experiment */
#define PRIORITY_CN 2

static int write_file(const char *path, struct report_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int write_file(const char *path, struct report_error *error, const char *format, ...)
{
	FILE *file = fopen(path, "we");
	va_list ap;

	if (!file)
		return place_fail(error, "%s: %s", path, strerror(errno));
	va_start(ap, format);
	vfprintf(file, format, ap);
	va_end(ap);
	return fclose(file) ? place_fail(error, "%s: %s", path, strerror(errno)) : 0;
}

/* --- baton-iked ------------------------------------------------------------------------------- */

static bool option(const struct migration_stage *s, const char *word)
{
	return strstr(s->way->options, word) != NULL;
}

static int start_iked(struct migration_stage *s, unsigned index, const char *node,
	const char *where, struct report_error *error)
{
	const char *peer = strcmp(node, "mn") == 0 ? "cn" : "mn";
	char program[1280], config[1280], events[1280], self[1024];

	snprintf(self, sizeof(self), "%s", s->place.self);
	snprintf(program, sizeof(program), "%s/baton-iked", dirname(self));
	snprintf(config, sizeof(config), "%s/%s.yaml", s->place.folder, node);
	snprintf(events, sizeof(events), "%s/%s.events.jsonl", s->place.folder, node);
	if (write_file(config, error,
		    "control: %s/%s.sock\nevents: %s\ninstall: %s\nsockets: %s\nconnections:\n"
		    "  - name: peer\n    local_id: %s.example\n    remote_id: %s.example\n"
		    "    psk: a shared secret\n    transport: %s\n    address_change: %s\n"
		    "    trust_new_address: %s\n    tunnel: %s\n%s",
		    s->place.folder, node, events, s->way->protects ? "true" : "false",
		    option(s, "change") ? "true" : "false", node, peer,
		    s->way->protects && !s->way->tunnelled ? "true" : "false",
		    option(s, "change") ? "true" : "false", option(s, "trust") ? "true" : "false",
		    option(s, "tunnel") ? "true" : "false", where) < 0)
		return -1;
	const char *argv[] = { program, "-c", config, NULL };
	struct spawn spawn = { .argv = argv,
		.priority = strcmp(node, "mn") == 0 ? PRIORITY_MN : PRIORITY_CN };
	char name[64];
	snprintf(name, sizeof(name), "%s.iked", node);
	if (place_start(&s->place, node, name, &spawn, &s->daemons[index], error) < 0)
		return -1;
	return place_await(events, "\"ready\"", UP_MS, error);
}

static int prepare_iked(struct migration_stage *s, struct report_error *error)
{
	char mn[512], cn[512] = "", events[1280];

	snprintf(mn, sizeof(mn), "    start: true\n    local: " OLD_ADDRESS "\n    remote: "
		CN_ADDRESS "\n%s", s->way->tunnelled ? "    local_ts: " MN_INSIDE
		"/32\n    remote_ts: " CN_INSIDE "/32\n" : "");
	if (s->way->tunnelled)
		snprintf(cn, sizeof(cn), "    local_ts: " CN_INSIDE "/32\n    remote_ts: "
			MN_INSIDE "/32\n");
	if (start_iked(s, 0, "cn", cn, error) < 0 || start_iked(s, 1, "mn", mn, error) < 0)
		return -1;
	snprintf(events, sizeof(events), "%s/mn.events.jsonl", s->place.folder);
	if (place_await(events, "ike_child_up", UP_MS, error) < 0)
		return -1;
	snprintf(events, sizeof(events), "%s/cn.events.jsonl", s->place.folder);
	return place_await(events, "ike_child_up", UP_MS, error);
}

/* As `baton ctl iked move NEW` does; without the time that a program takes to start. */
static int tell_iked(struct migration_stage *s, struct report_error *error)
{
	char path[1280];
	json_t *request = json_pack("{s:s,s:s}", "command", "move", "local", NEW_ADDRESS);

	snprintf(path, sizeof(path), "%s/mn.sock", s->place.folder);
	json_t *answer = control_ask(path, request, 5000, error->text, sizeof(error->text));
	json_decref(request);
	if (!answer)
		return -1;
	bool good = json_is_true(json_object_get(answer, "ok"));
	if (!good)
		place_fail(error, "baton-iked refuses to move: %s",
			json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
	return good ? 0 : -1;
}

/* --- charon ----------------------------------------------------------------------------------- */

static int configure_charon(struct migration_stage *s, const char *node, const char *where,
	const char *inside, const char *beyond, struct report_error *error)
{
	const char *peer = strcmp(node, "mn") == 0 ? "cn" : "mn";
	char path[1280];

	snprintf(path, sizeof(path), "%s/%s.strongswan.conf", s->place.folder, node);
	if (write_file(path, error,
		    "charon-systemd {\n load = random nonce openssl curve25519 pem pkcs1 x509 pubkey "
		    "constraints kdf kernel-netlink socket-default vici updown\n"
		    " journal { default = -1 }\n"
		    " filelog { all { path = %s/%s.charon\n default = 1\n time_format = %%T\n"
		    " time_add_ms = yes\n flush_line = yes } }\n"
		    " plugins { vici { socket = unix://%s/%s.vici } }\n}\n",
		    s->place.folder, node, s->place.folder, node) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s.swanctl.conf", s->place.folder, node);
	return write_file(path, error,
		"connections { peer {\n version = 2\n mobike = yes\n proposals = "
		"aes256gcm16-prfsha256-curve25519\n%s"
		" local { auth = psk\n id = %s.example }\n remote { auth = psk\n id = %s.example }\n"
		" children { net { local_ts = %s/32\n remote_ts = %s/32\n"
		" esp_proposals = aes256gcm16\n mode = tunnel } } } }\n"
		"secrets { ike-one { id-1 = mn.example\n id-2 = cn.example\n"
		" secret = \"a shared secret\" } }\n",
		where, node, peer, inside, beyond);
}

static int start_charon(struct migration_stage *s, unsigned index, const char *node,
	struct report_error *error)
{
	char setting[1400], uri[1280], conf[1280], name[64];
	const char *env[] = { setting, NULL }, *argv[] = { "charon-systemd", NULL };
	struct spawn spawn = { .argv = argv, .env = env,
		.priority = strcmp(node, "mn") == 0 ? PRIORITY_MN : PRIORITY_CN };

	snprintf(setting, sizeof(setting), "STRONGSWAN_CONF=%s/%s.strongswan.conf",
		s->place.folder, node);
	snprintf(uri, sizeof(uri), "%s/%s.charon", s->place.folder, node);
	snprintf(name, sizeof(name), "%s.charon-systemd", node);
	if (place_start(&s->place, node, name, &spawn, &s->daemons[index], error) < 0 ||
		place_await(uri, "spawning", UP_MS, error) < 0)
		return -1;
	snprintf(uri, sizeof(uri), "unix://%s/%s.vici", s->place.folder, node);
	snprintf(conf, sizeof(conf), "%s/%s.swanctl.conf", s->place.folder, node);
	for (unsigned tries = 0; tries < 50; tries++) {
		if (place_run(&s->place, node, WORDS("swanctl", "--load-all", "--file", conf,
			    "--uri", uri), NULL, 0, error) == 0)
			return 0;
		place_wait_ms(100);
	}
	return -1;
}

static int prepare_charon(struct migration_stage *s, struct report_error *error)
{
	char uri[1280];

	snprintf(uri, sizeof(uri), "unix://%s/mn.vici", s->place.folder);
	if (configure_charon(s, "cn", " local_addrs = " CN_ADDRESS "\n remote_addrs = %any\n",
		    CN_INSIDE, MN_INSIDE, error) < 0 ||
		configure_charon(s, "mn", " local_addrs = %any\n remote_addrs = " CN_ADDRESS "\n",
			MN_INSIDE, CN_INSIDE, error) < 0)
		return -1;
	if (start_charon(s, 0, "cn", error) < 0 || start_charon(s, 1, "mn", error) < 0)
		return -1;
	return place_run(&s->place, "mn", WORDS("swanctl", "--initiate", "--child", "net", "--uri",
		uri), NULL, 0, error);
}

/* --- Multipath TCP ---------------------------------------------------------------------------- */

static int prepare_mptcp(struct migration_stage *s, struct report_error *error)
{
	const char *const *limits = WORDS("ip", "mptcp", "limits", "set", "subflows", "4",
		"add_addr_accepted", "4");

	return place_run(&s->place, "mn", limits, NULL, 0, error) < 0 ||
			place_run(&s->place, "cn", limits, NULL, 0, error) < 0
		? -1
		: 0;
}

#define SUBFLOW "mptcp endpoint add " NEW_ADDRESS " dev eth1 subflow\n"
#define NO_SUBFLOW "mptcp endpoint delete id 0 " OLD_ADDRESS "\n"

static const struct migration_way ways[] = {
	{ .name = "nothing", .options = "", .with_new = "", .without_old = "" },
	{ .name = "change", .options = "change", .with_new = "", .without_old = "",
	  .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "change-trusted", .options = "change trust", .with_new = "", .without_old = "",
	  .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "change-esp", .options = "change", .with_new = "", .without_old = "",
	  .protects = true, .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "change-tunnel", .options = "change tunnel", .with_new = "", .without_old = "",
	  .protects = true, .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "change-both", .options = "change", .with_new = "", .without_old = "",
	  .overlaps = true, .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "mobike", .options = "", .with_new = "", .without_old = "", .tunnelled = true,
	  .protects = true, .prepare = prepare_iked, .tell = tell_iked },
	{ .name = "mobike-strongswan", .options = "", .with_new = "", .without_old = "",
	  .tunnelled = true, .protects = true, .prepare = prepare_charon },
	{ .name = "mptcp", .options = "", .with_new = SUBFLOW, .without_old = NO_SUBFLOW,
	  .mptcp = true, .prepare = prepare_mptcp },
	{ .name = "mptcp-both", .options = "", .with_new = SUBFLOW, .without_old = NO_SUBFLOW,
	  .mptcp = true, .overlaps = true, .prepare = prepare_mptcp },
	{ .name = NULL },
};

const struct migration_way *migration_way(const char *name)
{
	for (const struct migration_way *w = ways; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}
