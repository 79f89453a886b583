// SPDX-License-Identifier: Apache-2.0
/*
 * EAP over a wired LAN (IEEE 802.1X): what carries one struct eap_end on an interface, for trying
 * our ends against other implementations.
 */
#ifndef TESTBED_EAPOL_CARRIER_H
#define TESTBED_EAPOL_CARRIER_H

#include "ref/base/btime.h"
#include "ref/eap/eap.h"

struct carrier_settings {
	const char *interface;
	bool server;
	btime patience;	  /* for the whole conversation */
	unsigned times;	  /* conversations one after the other, at least 1 */
	bool verbose;	  /* each packet as a line on stderr */
	/* After each conversation; `end` has the result. */
	void (*result)(void *context, const struct eap_end *end);
	void *context;
};

/*
 * Runs the conversations. 0 when all ended in success, 1 when one did not or took too long; with
 * -1 the interface cannot be used, and errno says why.
 */
int carrier_run(struct eap_end *end, const struct carrier_settings *settings);

#endif
