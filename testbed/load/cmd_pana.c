// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/pana/pana_wire.h"
#include "testbed/load/cmd.h"
#include "testbed/load/load.h"

static const char usage[] =
	"usage: baton load pana --paa ADDRESS[:PORT] --identity USER@REALM --credentials DIR\n"
	"                       [--local ADDRESS] [--clients N] [--count N] [--json]\n"
	"Authenticates COUNT times (default 200) with EAP-TLS at a PANA agent, N clients at a time\n"
	"(default 16), and says how many a second it serves, and how long one of them takes.\n"
	"DIR holds ca.pem, client.pem and client.key, as `baton creds DIR` makes them.\n";

struct call {
	struct load_options options;
	const char *credentials;
	bool json;
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "baton load: %s: %s\n%s", value, what, usage);
	return 2;
}

static int number(const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n < 1 || n > max)
		return -1;
	*out = (unsigned)n;
	return 0;
}

static int take(int option, struct call *call)
{
	struct load_options *o = &call->options;

	switch (option) {
	case 'p':
		return endpoint_parse(optarg, PANA_PORT, &o->paa) < 0
			? complain("an agent is ADDRESS or ADDRESS:PORT", optarg)
			: 0;
	case 'l':
		return endpoint_parse(optarg, 0, &o->local) < 0 || o->local.port
			? complain("a local address has no port", optarg)
			: 0;
	case 'i': o->identity = optarg; return 0;
	case 'c': call->credentials = optarg; return 0;
	case 'n':
		return number(optarg, LOAD_CLIENTS_MAX, &o->clients) < 0
			? complain("clients are 1 to 1000", optarg)
			: 0;
	case 't':
		return number(optarg, LOAD_COUNT_MAX, &o->count) < 0
			? complain("a count is 1 to 1000000", optarg)
			: 0;
	case 'j': call->json = true; return 0;
	case 'h': fputs(usage, stdout); exit(0);
	default: fputs(usage, stderr); return 2;
	}
}

static int parse(int argc, char **argv, struct call *call)
{
	static const struct option longs[] = { { "paa", required_argument, NULL, 'p' },
		{ "local", required_argument, NULL, 'l' },
		{ "identity", required_argument, NULL, 'i' },
		{ "credentials", required_argument, NULL, 'c' },
		{ "clients", required_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int option, status;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		status = take(option, call);
		if (status)
			return status;
	}
	if (optind < argc)
		return complain("an argument too many", argv[optind]);
	if (!call->options.paa.family || !call->options.identity || !call->credentials)
		return complain("--paa, --identity and --credentials are needed", "pana");
	if (call->options.local.family && call->options.local.family != call->options.paa.family)
		return complain("--local and --paa are of two families", "pana");
	if (call->options.clients > call->options.count)
		call->options.clients = call->options.count;
	call->options.local.family = call->options.paa.family;
	return 0;
}

static struct eap_tls_context *read_credentials(const char *folder)
{
	struct eap_tls_config config = eap_tls_config_default(false);
	char ca[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX], error[EAP_TLS_ERROR_MAX];
	struct eap_tls_context *context;

	snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	snprintf(certificate, sizeof(certificate), "%s/client.pem", folder);
	snprintf(key, sizeof(key), "%s/client.key", folder);
	config.ca_file = ca;
	config.certificate_file = certificate;
	config.key_file = key;
	config.resumption = false;
	config.max_version = EAP_TLS_1_2; /* what eapol_test and FreeRADIUS agree on by default */
	context = eap_tls_context_new(&config, error, sizeof(error));
	if (!context)
		fprintf(stderr, "baton load: %s\n", error);
	return context;
}

static void line(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", name, value, unit);
}

static void show(const struct call *call, const struct load_figures *f)
{
	if (call->json && f->good) {
		line("pana authentications", f->good / f->seconds, "1/s");
		line("pana authentication, median", f->median_ms, "ms");
		line("pana authentication, 95 % within", f->p95_ms, "ms");
	} else if (!call->json) {
		printf("%u authentications, %u at a time, in %.2f s: %.1f a second\n"
		       "from PCI to access: median %.1f ms, 95 %% within %.1f ms\n",
			f->good, call->options.clients, f->seconds, f->good / f->seconds,
			f->median_ms, f->p95_ms);
	}
	if (f->failed)
		fprintf(stderr, "baton load: %u failed, the last one %s\n", f->failed, f->why);
}

int load_pana_cmd(int argc, char **argv)
{
	struct call call = { .options = { .clients = 16, .count = 200 } };
	struct load_figures figures;
	int status = parse(argc, argv, &call);

	if (status)
		return status;
	call.options.tls = read_credentials(call.credentials);
	if (!call.options.tls)
		return 2;
	status = load_run(&call.options, &figures);
	if (status < 0)
		perror("baton load: opening a socket");
	else
		show(&call, &figures);
	eap_tls_context_free(call.options.tls);
	return status < 0 ? 2 : figures.failed || figures.good < call.options.count ? 1 : 0;
}
