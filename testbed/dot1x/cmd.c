// SPDX-License-Identifier: Apache-2.0
/* One station, one connection, any number of access points behind it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_peer.h"
#include "ref/ends/dxi_station.h"
#include "testbed/dot1x/cmd.h"

struct station {
	struct loop *loop;
	struct dxi_station *station;
	struct timer *patience;
	struct dxi_station_config config;
	struct random random;
	const char *identity;
	uint8_t psk[EAP_PSK_SIZE];
	bool has_psk, show_keys;
	uint8_t bssids[DXI_TARGETS_MAX][MAC_SIZE];
	unsigned bssid_count, done, failed;
};

static const char usage[] =
	"usage: baton dot1x --server ADDRESS[:PORT] --station MAC --bssid MAC [--bssid MAC ...]\n"
	"                   --identity NAME --psk HEX [--keys] [--timeout S]\n"
	"Authenticates to access points of another subnet over TCP, by EAP-PSK. Prints one JSON line\n"
	"for each: PMKID, and with --keys the PMK too. The default port is 49718.\n";

static void print_hex(const char *name, const uint8_t *octets, size_t size)
{
	printf(", \"%s\": \"", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", octets[i]);
	printf("\"");
}

static void print_target(void *context, const struct dxi_target *t)
{
	struct station *s = context;
	bool good = t->state == DXI_TARGET_AUTHENTICATED;

	printf("{\"bssid\": \"%02x:%02x:%02x:%02x:%02x:%02x\", \"result\": \"%s\"", t->bssid[0],
		t->bssid[1], t->bssid[2], t->bssid[3], t->bssid[4], t->bssid[5],
		good ? "authenticated" : t->failure);
	if (good)
		print_hex("pmkid", t->pmkid, sizeof(t->pmkid));
	if (good && s->show_keys)
		print_hex("pmk", t->pmk, sizeof(t->pmk));
	puts("}");
	s->failed += !good;
	if (++s->done == s->bssid_count)
		loop_stop(s->loop, s->failed ? 1 : 0);
}

static void trouble(void *context, const char *why)
{
	(void)context;
	fprintf(stderr, "baton dot1x: connection: %s\n", why);
}

static void rejected(void *context, const struct reject *why)
{
	(void)context;
	fprintf(stderr, "baton dot1x: not taken: %s\n", reject_words(why->reason));
}

static void out_of_patience(void *context)
{
	struct station *s = context;

	fputs("baton dot1x: no result in time; --timeout gives it more\n", stderr);
	loop_stop(s->loop, 1);
}

static struct eap_end *new_peer(void *context)
{
	struct station *s = context;

	return eap_peer_new(&(struct eap_peer_config){ .identity = s->identity,
		.methods = { EAP_TYPE_PSK }, .psk = s->psk, .random = &s->random });
}

/* --- the command line -------------------------------------------------------------------------- */

static bool parse_octets(const char *text, uint8_t *out, size_t size, bool colons)
{
	for (size_t i = 0; i < size; i++) {
		int n = 0;
		if (sscanf(text, "%2hhx%n", &out[i], &n) != 1 || n != 2)
			return false;
		text += 2;
		if (colons && i + 1 < size && *text++ != ':')
			return false;
	}
	return !*text;
}

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "baton dot1x: %s: %s\n%s", value, what, usage);
	return 2;
}

static int parse(int argc, char **argv, struct station *s, btime *patience)
{
	static const struct option longs[] = { { "server", required_argument, NULL, 's' },
		{ "station", required_argument, NULL, 'm' },
		{ "bssid", required_argument, NULL, 'b' },
		{ "identity", required_argument, NULL, 'i' },
		{ "psk", required_argument, NULL, 'p' }, { "keys", no_argument, NULL, 'k' },
		{ "timeout", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			if (endpoint_parse(optarg, DXI_PORT, &s->config.server) < 0)
				return wrong("not an address", optarg);
			break;
		case 'm':
			if (!parse_octets(optarg, s->config.station, MAC_SIZE, true))
				return wrong("not a MAC address", optarg);
			break;
		case 'b':
			if (s->bssid_count == DXI_TARGETS_MAX ||
				!parse_octets(optarg, s->bssids[s->bssid_count++], MAC_SIZE, true))
				return wrong("not a MAC address, or more than 8", optarg);
			break;
		case 'i':
			s->identity = optarg;
			break;
		case 'p':
			s->has_psk = parse_octets(optarg, s->psk, sizeof(s->psk), false);
			if (!s->has_psk)
				return wrong("a PSK is 32 hexadecimal digits", optarg);
			break;
		case 'k':
			s->show_keys = true;
			break;
		case 't':
			*patience = (btime)atoi(optarg) * BTIME_S;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (!s->config.server.family || !s->bssid_count || !s->identity || !s->has_psk)
		return wrong("server, station, bssid, identity and psk are needed", "baton dot1x");
	return 0;
}

int cmd_dot1x(int argc, char **argv)
{
	struct station s = { .random = random_system() };
	btime patience = 30 * BTIME_S;

	if (parse(argc, argv, &s, &patience) != 0)
		return 2;
	s.loop = s.config.loop = loop_new();
	s.config.context = &s;
	s.config.eap_new = new_peer;
	s.config.result = print_target;
	s.config.trouble = trouble;
	s.config.rejected = rejected;
	s.patience = timer_new(s.loop, out_of_patience, &s);
	timer_set(s.patience, loop_now() + patience);
	s.station = dxi_station_new(&s.config);
	for (unsigned i = 0; i < s.bssid_count; i++)
		dxi_station_authenticate(s.station, s.bssids[i]);
	int status = loop_run(s.loop);
	dxi_station_free(s.station);
	timer_free(s.patience);
	loop_free(s.loop);
	wipe(s.psk, sizeof(s.psk));
	return status;
}
