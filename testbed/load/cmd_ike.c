// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ike/ike_proposal.h"
#include "testbed/load/cmd.h"
#include "testbed/load/load_ike.h"

static const char usage[] =
	"usage: baton load ike --responder ADDRESS[:PORT] --identity ID (--psk KEY | --credentials DIR)\n"
	"                      [--group NAME] [--local ADDRESS] [--clients N] [--count N]\n"
	"                      [--keep] [--no-child | --network PREFIX] [--json]\n"
	"       baton load ike --attack flood|half-open --responder ADDRESS[:PORT]\n"
	"                      [--local ADDRESS] [--addresses N] [--clients N] [--count N] [--json]\n"
	"Sets up COUNT IKE SAs (default 200), N at a time (default 16), with AES-256-GCM and\n"
	"HMAC-SHA-256, and deletes each. GROUP is curve25519 (default), ecp256, ecp384, modp2048,\n"
	"modp3072 or modp4096. DIR holds ca.pem, client.pem and client.key.\n"
	"--keep deletes none; --no-child asks for a Child SA that nobody allows, so that the IKE SA\n"
	"stays alone; --network has each client ask for a Child SA between an address of its own in\n"
	"PREFIX (IPv4) and whatever is behind the responder. The attacks begin SAs and leave them,\n"
	"from N addresses (default 1, counted up from the local one): flood returns no cookie, half-open\n"
	"does.\n";

struct call {
	struct load_ike_options options;
	const char *credentials;
	bool json;
};

static const struct {
	const char *name;
	uint16_t group;
} groups[] = {
	{ "curve25519", IKE_DH_CURVE25519 },
	{ "ecp256", IKE_DH_ECP_256 },
	{ "ecp384", IKE_DH_ECP_384 },
	{ "modp2048", IKE_DH_MODP_2048 },
	{ "modp3072", IKE_DH_MODP_3072 },
	{ "modp4096", IKE_DH_MODP_4096 },
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "baton load ike: %s: %s\n%s", value, what, usage);
	return 2;
}

static int number(const char *text, unsigned max, unsigned *out, const char *what)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > max)
		return complain(what, text);
	*out = (unsigned)n;
	return 0;
}

static int take_group(const char *text, uint16_t *out)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(text, groups[i].name) == 0) {
			*out = groups[i].group;
			return 0;
		}
	return complain("a group is curve25519, ecp256, ecp384, modp2048, modp3072 or modp4096",
		text);
}

static int take_attack(const char *text, enum load_ike_kind *out)
{
	if (strcmp(text, "flood") != 0 && strcmp(text, "half-open") != 0)
		return complain("an attack is flood or half-open", text);
	*out = text[0] == 'f' ? LOAD_IKE_FLOOD : LOAD_IKE_HALF_OPEN;
	return 0;
}

static int take(int option, struct call *call)
{
	struct load_ike_options *o = &call->options;

	switch (option) {
	case 'r':
		return endpoint_parse(optarg, 500, &o->responder) < 0
			? complain("a responder is ADDRESS or ADDRESS:PORT", optarg)
			: 0;
	case 'l':
		return endpoint_parse(optarg, 0, &o->local) < 0 || o->local.port
			? complain("a local address has no port", optarg)
			: 0;
	case 'i':
		o->identity = optarg;
		return *optarg && strlen(optarg) <= IKE_ID_MAX
			? 0
			: complain("an identity has 1 to 128 octets", optarg);
	case 'p': o->psk = optarg; return 0;
	case 'c': call->credentials = optarg; return 0;
	case 'g': return take_group(optarg, &o->group);
	case 'a': return take_attack(optarg, &o->kind);
	case 'n':
		return number(optarg, LOAD_IKE_CLIENTS_MAX, &o->clients,
			"clients are 1 to 10000");
	case 't':
		return number(optarg, LOAD_IKE_COUNT_MAX, &o->count,
			"a count is 1 to 10000000");
	case 's':
		return number(optarg, LOAD_IKE_ADDRESSES_MAX, &o->addresses,
			"addresses are 1 to 65536");
	case 'k': o->keep = true; return 0;
	case 'o': o->no_child = true; return 0;
	case 'w':
		return ike_selector_parse(optarg, &o->network) < 0 ||
				o->network.type != IKE_TS_IPV4_ADDR_RANGE
			? complain("a network is an IPv4 prefix, such as 10.1.0.0/16", optarg)
			: 0;
	case 'j': call->json = true; return 0;
	case 'h': fputs(usage, stdout); exit(0);
	default: fputs(usage, stderr); return 2;
	}
}

/* What goes together and what does not. */
static int check(struct call *call)
{
	struct load_ike_options *o = &call->options;

	if (!o->responder.family)
		return complain("--responder is needed", "ike");
	if (o->local.family && o->local.family != o->responder.family)
		return complain("--local and --responder are of two families", "ike");
	if (o->kind == LOAD_IKE_SET_UP && (!o->identity || !o->psk == !call->credentials))
		return complain("--identity and one of --psk and --credentials are needed", "ike");
	if (o->kind != LOAD_IKE_SET_UP && (o->identity || o->psk || call->credentials || o->keep))
		return complain("an attack has no identity and keeps nothing", "ike");
	if (o->addresses > 1 && (o->kind == LOAD_IKE_SET_UP || !o->local.family))
		return complain("--addresses is for attacks, and needs --local", "ike");
	if (o->network.type && (o->no_child || o->kind != LOAD_IKE_SET_UP))
		return complain("--network is for set-ups with a Child SA", "ike");
	if (o->clients > o->count)
		o->clients = o->count;
	if (o->network.type && o->clients > load_ike_hosts(o))
		return complain("--network has fewer addresses than there are --clients", "ike");
	o->local.family = o->responder.family;
	return 0;
}

static int parse(int argc, char **argv, struct call *call)
{
	static const struct option longs[] = { { "responder", required_argument, NULL, 'r' },
		{ "local", required_argument, NULL, 'l' },
		{ "identity", required_argument, NULL, 'i' }, { "psk", required_argument, NULL, 'p' },
		{ "credentials", required_argument, NULL, 'c' },
		{ "group", required_argument, NULL, 'g' },
		{ "attack", required_argument, NULL, 'a' },
		{ "addresses", required_argument, NULL, 's' },
		{ "clients", required_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 't' }, { "keep", no_argument, NULL, 'k' },
		{ "no-child", no_argument, NULL, 'o' },
		{ "network", required_argument, NULL, 'w' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int option, status;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		status = take(option, call);
		if (status)
			return status;
	}
	if (optind < argc)
		return complain("an argument too many", argv[optind]);
	return check(call);
}

static struct ike_credentials *read_credentials(const char *folder)
{
	char ca[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX], error[256];
	struct ike_credentials_config config = { ca, certificate, key, NULL };

	snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	snprintf(certificate, sizeof(certificate), "%s/client.pem", folder);
	snprintf(key, sizeof(key), "%s/client.key", folder);
	struct ike_credentials *credentials = ike_credentials_new(&config, error, sizeof(error));
	if (!credentials)
		fprintf(stderr, "baton load ike: %s\n", error);
	return credentials;
}

static void line(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", name, value, unit);
}

static void show_reasons(const struct load_ike_figures *f)
{
	for (unsigned i = 0; i < LOAD_IKE_REASONS_MAX; i++)
		if (f->reasons[i].count)
			fprintf(stderr, "baton load ike: %u times %s\n", f->reasons[i].count,
				f->reasons[i].words);
}

static void show(const struct call *call, const struct load_ike_figures *f)
{
	if (call->json && f->good) {
		line("ike set-ups", f->good / f->seconds, "1/s");
		line("ike set-up, median", f->median_ms, "ms");
		line("ike set-up, 95 % within", f->p95_ms, "ms");
		line("ike set-up, 99 % within", f->p99_ms, "ms");
	} else if (!call->json) {
		printf("%u IKE SAs, %u at a time, in %.2f s: %.1f a second; %u without a Child SA\n"
		       "from IKE_SA_INIT to authenticated: median %.1f ms, 95 %% within %.1f ms, "
		       "99 %% within %.1f ms\n",
			f->good, call->options.clients, f->seconds, f->good / f->seconds,
			f->childless, f->median_ms, f->p95_ms, f->p99_ms);
	}
	if (f->failed)
		fprintf(stderr, "baton load ike: %u failed\n", f->failed);
	show_reasons(f);
}

static void show_attack(const struct call *call, const struct load_ike_figures *f)
{
	if (call->json) {
		line("ike attempts", f->sent, "1");
		line("ike attempts answered by a cookie", f->cookies, "1");
		line("ike attempts half-open", f->half_open, "1");
	} else {
		printf("%u attempts from %u addresses in %.2f s: %u answered by a cookie, "
		       "%u by a half-open SA, %u refused\n",
			f->sent, call->options.addresses, f->seconds, f->cookies, f->half_open,
			f->refused);
	}
}

int load_ike_cmd(int argc, char **argv)
{
	struct call call = { .options = { .clients = 16, .count = 200, .addresses = 1,
				     .group = IKE_DH_CURVE25519 } };
	struct load_ike_figures figures;
	struct ike_credentials *credentials = NULL;
	int status = parse(argc, argv, &call);
	bool attack = call.options.kind != LOAD_IKE_SET_UP;

	if (status)
		return status;
	if (call.credentials && !(credentials = read_credentials(call.credentials)))
		return 2;
	call.options.credentials = credentials;
	status = attack ? load_ike_attack(&call.options, &figures)
			: load_ike_run(&call.options, &figures);
	if (status < 0)
		perror("baton load ike: opening a socket");
	else if (attack)
		show_attack(&call, &figures);
	else
		show(&call, &figures);
	ike_credentials_free(credentials);
	return status < 0 ? 2 : !attack && figures.good < call.options.count ? 1 : 0;
}
