// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ref/eap/eap_credentials.h"
#include "testbed/creds/cmd.h"

static const char usage[] =
	"usage: baton creds [OPTIONS] DIR\n"
	"\n"
	"Makes an authority, a server and a client for EAP-TLS, and the certificates that must\n"
	"fail (of another authority, expired, revoked), as PEM files in DIR.\n"
	"\n"
	"  --server NAME   DNS name of the server   (server.example)\n"
	"  --client NAME   name of the client       (mn@example)\n"
	"  --legacy        RSA with SHA-1, for ends that know nothing newer than TLS 1.0\n"
	"  --rsa           RSA with SHA-256 instead of P-256, as IKEv1 needs it\n"
	"\n"
	"For tests and labs only: the keys are not protected.\n";

static const struct option options[] = {
	{ "server", required_argument, NULL, 's' },
	{ "client", required_argument, NULL, 'c' },
	{ "legacy", no_argument, NULL, 'l' },
	{ "rsa", no_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

int cmd_creds(int argc, char **argv)
{
	struct eap_credentials wanted = { 0 };
	char error[512];
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			wanted.server_name = optarg;
			break;
		case 'c':
			wanted.client_name = optarg;
			break;
		case 'l':
			wanted.legacy = true;
			break;
		case 'r':
			wanted.rsa = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind != 1) {
		fprintf(stderr, "baton creds: %s; one folder is expected\n",
			optind == argc ? "no folder" : "more than one folder");
		return 2;
	}
	if (eap_make_credentials(argv[optind], &wanted, error, sizeof(error)) < 0) {
		fprintf(stderr, "baton creds: %s\n", error);
		return 1;
	}
	printf("ca.pem, server.pem, client.pem and others are in %s\n", argv[optind]);
	return 0;
}
