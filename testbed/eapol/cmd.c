// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "ref/eap/eap_tls.h"
#include "testbed/eapol/carrier.h"
#include "testbed/eapol/cmd.h"

static const char usage[] =
	"usage: baton eapol peer|server INTERFACE [OPTIONS]\n"
	"\n"
	"One EAP conversation over EAPOL on a wired interface, against any other implementation.\n"
	"\n"
	"  --identity NAME      of the peer; a server takes this one only (anybody)\n"
	"  --server-id NAME     of the server: EAP-PSK, EAP-MD5\n"
	"  --method NAME        md5, psk or tls; once or several times, the best first\n"
	"  --password TEXT      of EAP-MD5\n"
	"  --psk HEX            of EAP-PSK, 32 digits\n"
	"  --ca FILE            of EAP-TLS: whom to trust\n"
	"  --cert FILE          our certificate\n"
	"  --key FILE           its key\n"
	"  --crl FILE           revoked certificates\n"
	"  --peer-name NAME     the name the other's certificate must carry\n"
	"  --tls MIN-MAX        versions of TLS (1.2-1.3)\n"
	"  --level N            OpenSSL's security level (2); TLS 1.0 and 1.1 need 0\n"
	"  --sessions FILE      keep TLS sessions there, for the next run and for other programs\n"
	"  --without-indication believe EAP-Success after TLS 1.3 without the server's indication\n"
	"  --mtu N              the largest EAP packet to send\n"
	"  --times N            that many conversations; TLS resumes from the second on\n"
	"  --timeout S          seconds for one conversation (10)\n"
	"  --show-keys          print MSK, EMSK and Session-Id\n"
	"  --key-log FILE       append the secrets of TLS, for Wireshark\n"
	"  -v, --verbose        each packet\n";

enum { IDENTITY = 256, SERVER_ID, METHOD, PASSWORD, PSK, CA, CERT, KEY, CRL, PEER_NAME, SESSIONS,
	TLS, LEVEL, MTU, TIMES, TIMEOUT, SHOW_KEYS, KEY_LOG, WITHOUT_INDICATION };

static const struct option long_options[] = {
	{ "identity", required_argument, NULL, IDENTITY },
	{ "server-id", required_argument, NULL, SERVER_ID },
	{ "method", required_argument, NULL, METHOD },
	{ "password", required_argument, NULL, PASSWORD },
	{ "psk", required_argument, NULL, PSK },
	{ "ca", required_argument, NULL, CA },
	{ "cert", required_argument, NULL, CERT },
	{ "key", required_argument, NULL, KEY },
	{ "crl", required_argument, NULL, CRL },
	{ "peer-name", required_argument, NULL, PEER_NAME },
	{ "sessions", required_argument, NULL, SESSIONS },
	{ "tls", required_argument, NULL, TLS },
	{ "level", required_argument, NULL, LEVEL },
	{ "mtu", required_argument, NULL, MTU },
	{ "times", required_argument, NULL, TIMES },
	{ "timeout", required_argument, NULL, TIMEOUT },
	{ "show-keys", no_argument, NULL, SHOW_KEYS },
	{ "key-log", required_argument, NULL, KEY_LOG },
	{ "without-indication", no_argument, NULL, WITHOUT_INDICATION },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct options {
	const char *identity, *server_id, *password;
	enum eap_type methods[EAP_METHODS_MAX];
	unsigned method_count;
	uint8_t psk[EAP_PSK_SIZE];
	bool has_psk, show_keys, help;
	struct eap_tls_config tls;
	FILE *key_log;
	size_t mtu;
	struct carrier_settings carrier;
};

static int complain(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "baton eapol: --%s %s: %s is expected\n", option, value, expected);
	return -1;
}

/* A whole number from `low` to `high`, or -1. */
static long number(const char *text, long low, long high)
{
	char *end;
	long n = strtol(text, &end, 10);
	return *text && !*end && n >= low && n <= high ? n : -1;
}

static int take_psk(struct options *o, const char *hex)
{
	if (strlen(hex) != 2 * EAP_PSK_SIZE || strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
		return complain("psk", hex, "a key of 32 hexadecimal digits");
	for (size_t i = 0; i < EAP_PSK_SIZE; i++) {
		const char octet[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		o->psk[i] = (uint8_t)strtoul(octet, NULL, 16);
	}
	o->has_psk = true;
	return 0;
}

static int take_versions(struct options *o, const char *text)
{
	char low[8] = "", high[8] = "";

	if (sscanf(text, "%7[0-9.]-%7[0-9.]", low, high) == 1)
		strcpy(high, low);
	o->tls.min_version = eap_tls_version_parse(low);
	o->tls.max_version = eap_tls_version_parse(high);
	if (!o->tls.min_version || !o->tls.max_version)
		return complain("tls", text, "1.0, 1.1, 1.2 or 1.3, or two of them as 1.2-1.3");
	return 0;
}

static int take_method(struct options *o, const char *name)
{
	enum eap_type type = eap_type_by_name(name);

	if (!(type == EAP_TYPE_MD5 || type == EAP_TYPE_PSK || type == EAP_TYPE_TLS) ||
		o->method_count == EAP_METHODS_MAX)
		return complain("method", name, "md5, psk or tls");
	o->methods[o->method_count++] = type;
	return 0;
}

static void log_key(void *context, const char *line)
{
	fprintf(context, "%s\n", line);
	fflush(context);
}

static int take_key_log(struct options *o, const char *file)
{
	o->key_log = fopen(file, "ae");
	if (!o->key_log) {
		fprintf(stderr, "baton eapol: %s: %s\n", file, strerror(errno));
		return -1;
	}
	o->tls.key_log = log_key;
	o->tls.key_log_context = o->key_log;
	return 0;
}

static int take_number(struct options *o, int option, const char *text)
{
	long n;

	switch (option) {
	case LEVEL:
		n = number(text, 0, 5);
		o->tls.security_level = (int)n;
		return n < 0 ? complain("level", text, "0 to 5") : 0;
	case MTU:
		n = number(text, EAP_MTU_MIN, 1500);
		o->mtu = (size_t)n;
		return n < 0 ? complain("mtu", text, "64 to 1500") : 0;
	case TIMES:
		n = number(text, 1, 1000000);
		o->carrier.times = (unsigned)n;
		return n < 0 ? complain("times", text, "a number from 1 on") : 0;
	default:
		n = number(text, 1, 3600);
		o->carrier.patience = n * BTIME_S;
		return n < 0 ? complain("timeout", text, "a number of seconds") : 0;
	}
}

static int take(struct options *o, int option, const char *text)
{
	const char **const texts[] = {
		[IDENTITY - IDENTITY] = &o->identity,	[SERVER_ID - IDENTITY] = &o->server_id,
		[PASSWORD - IDENTITY] = &o->password,	[CA - IDENTITY] = &o->tls.ca_file,
		[CERT - IDENTITY] = &o->tls.certificate_file, [KEY - IDENTITY] = &o->tls.key_file,
		[CRL - IDENTITY] = &o->tls.crl_file,	[PEER_NAME - IDENTITY] = &o->tls.peer_name,
		[SESSIONS - IDENTITY] = &o->tls.session_file,
	};

	switch (option) {
	case 'v':
		o->carrier.verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case SHOW_KEYS:
		o->show_keys = true;
		return 0;
	case WITHOUT_INDICATION:
		o->tls.without_indication = true;
		return 0;
	case METHOD:
		return take_method(o, text);
	case PSK:
		return take_psk(o, text);
	case TLS:
		return take_versions(o, text);
	case KEY_LOG:
		return take_key_log(o, text);
	case LEVEL:
	case MTU:
	case TIMES:
	case TIMEOUT:
		return take_number(o, option, text);
	case '?':
		return -1;
	default:
		*texts[option - IDENTITY] = text;
		return 0;
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "hv", long_options, NULL)) != -1)
		if (take(o, c, optarg) < 0)
			return -1;
	if (o->help)
		return 0;
	if (argc - optind != 2 ||
		(strcmp(argv[optind], "peer") != 0 && strcmp(argv[optind], "server") != 0)) {
		fputs(usage, stderr);
		return -1;
	}
	o->carrier.server = !strcmp(argv[optind], "server");
	o->carrier.interface = argv[optind + 1];
	o->tls.server = o->carrier.server;
	return 0;
}

static void print_hex(const char *name, const uint8_t *data, size_t size)
{
	printf("%s=", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static void print_result(void *context, const struct eap_end *end)
{
	const struct options *o = context;

	if (end->status == EAP_SUCCESS)
		printf("success method=%s identity=%s key=%s resumed=%s rounds=%u octets=%u\n",
			end->method ? end->method : "none", end->identity,
			end->has_key ? "yes" : "no", end->cost.resumed ? "yes" : "no",
			end->cost.rounds, end->cost.octets);
	else
		printf("failure %s\n", end->failure ? end->failure : "for a reason unknown");
	if (o->show_keys && end->has_key) {
		print_hex("msk", end->msk, sizeof(end->msk));
		print_hex("emsk", end->emsk, sizeof(end->emsk));
		print_hex("session-id", end->session_id, end->session_id_size);
	}
	fflush(stdout);
}

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	const struct options *o = context;

	if (o->identity && strcmp(o->identity, identity) != 0)
		return false;
	memcpy(user->methods, o->methods, sizeof(user->methods));
	if (o->password)
		snprintf(user->password, sizeof(user->password), "%s", o->password);
	user->has_psk = o->has_psk;
	memcpy(user->psk, o->psk, sizeof(user->psk));
	return true;
}

static struct eap_end *make_end(struct options *o, struct eap_tls_context *tls,
	struct random *random)
{
	struct eap_server_config server = { .lookup = lookup, .lookup_context = o,
		.server_id = o->server_id ? o->server_id : "server.example", .tls = tls,
		.random = random, .mtu = o->mtu };
	struct eap_peer_config peer = { .identity = o->identity ? o->identity : "mn@example",
		.password = o->password, .psk = o->has_psk ? o->psk : NULL,
		.server_id = o->server_id, .tls = tls, .random = random, .mtu = o->mtu };

	memcpy(peer.methods, o->methods, sizeof(peer.methods));
	return o->carrier.server ? eap_server_new(&server) : eap_peer_new(&peer);
}

static int run(struct options *o)
{
	struct random random = random_system();
	struct eap_tls_context *tls = NULL;
	char error[EAP_TLS_ERROR_MAX];

	if (o->tls.ca_file || o->tls.certificate_file) {
		tls = eap_tls_context_new(&o->tls, error, sizeof(error));
		if (!tls) {
			fprintf(stderr, "baton eapol: %s\n", error);
			return 2;
		}
	}
	struct eap_end *end = make_end(o, tls, &random);
	eap_tls_context_free(tls);
	if (!end || (o->carrier.server && !o->method_count)) {
		fprintf(stderr, "baton eapol: no method can be used; --method with --password, "
				"--psk or --ca, --cert and --key is expected\n");
		eap_destroy(end);
		return 2;
	}
	int status = carrier_run(end, &o->carrier);
	if (status < 0)
		fprintf(stderr, "baton eapol: %s: %s\n", o->carrier.interface, strerror(errno));
	eap_destroy(end);
	return status < 0 ? 1 : status;
}

int cmd_eapol(int argc, char **argv)
{
	struct options o = {
		.tls = eap_tls_config_default(false),
		.carrier = { .patience = 10 * BTIME_S, .times = 1, .result = print_result },
	};
	int status = 2;

	o.carrier.context = &o;
	if (parse(&o, argc, argv) == 0) {
		if (o.help)
			fputs(usage, stdout);
		status = o.help ? 0 : run(&o);
	}
	if (o.key_log)
		fclose(o.key_log);
	wipe(o.psk, sizeof(o.psk));
	return status;
}
