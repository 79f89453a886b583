// SPDX-License-Identifier: Apache-2.0
/* The tester's end of the EAP conversation, from the settings of a test. */
#ifndef TESTBED_SUITE_TESTER_EAP_H
#define TESTBED_SUITE_TESTER_EAP_H

#include "ref/base/random.h"
#include "ref/eap/eap.h"

struct tester_eap; /* what the ends of one test share */

struct tester_eap_options {
	bool server; /* the tester is the agent */
	/* A setting of the tester's side; NULL when it has none. */
	const char *(*setting)(void *context, const char *name);
	void *context;
	const char *credentials; /* folder with ca.pem, server.pem, client.pem, ... */
	struct random *random;	 /* must outlive all ends */
	void (*key_log)(void *context, const char *line); /* TLS secrets; may be NULL */
};

/* NULL with one sentence in `why`. */
struct tester_eap *tester_eap_new(const struct tester_eap_options *options, char *why,
	size_t size);
void tester_eap_free(struct tester_eap *t);

/* A new end; its owner destroys it before the tester_eap goes. NULL: the settings make no sense. */
struct eap_end *tester_eap_end(struct tester_eap *t);

#endif
