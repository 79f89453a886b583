// SPDX-License-Identifier: Apache-2.0
/*
 * Load on a PANA agent: clients that authenticate with EAP-TLS, log off, and begin anew at another
 * port, all in one thread. Every authentication is a full TLS handshake; none is resumed.
 */
#ifndef BATON_LOAD_LOAD_H
#define BATON_LOAD_LOAD_H

#include "ref/base/engine.h"
#include "ref/eap/eap_tls.h"

#define LOAD_CLIENTS_MAX 1000
#define LOAD_COUNT_MAX 1000000

struct load_options {
	struct endpoint paa;
	struct endpoint local; /* address to send from; its family that of paa, port 0 */
	const char *identity;
	struct eap_tls_context *tls;
	unsigned clients, count; /* at once; in total */
};

struct load_figures {
	unsigned good, failed;
	double seconds;		  /* from the first begin to the last end */
	double median_ms, p95_ms; /* from PCI to the access phase; NAN when good is 0 */
	char why[256];		  /* of the last that failed; or "" */
};

/* Runs until `count` authentications have ended. 0, or -1 with errno: no socket. */
int load_run(const struct load_options *options, struct load_figures *figures);

/* The value below which `part` (0 to 1) of them lie; sorts them. NAN for none. */
double load_quantile(double *values, unsigned count, double part);

#endif
