// SPDX-License-Identifier: Apache-2.0
/* RADIUS servers, in the configuration of a node that passes EAP on to them (docs/aaa.md). */
#ifndef BATON_NODE_AAA_SETTINGS_H
#define BATON_NODE_AAA_SETTINGS_H

#include "ref/host/config.h"

struct radius_server_settings {
	struct endpoint address;
	const char *secret;
};

/* EAP is passed through to one of these servers (RFC 3579). */
struct aaa_settings {
	struct config_list servers; /* struct radius_server_settings */
	const char *nas_identifier;
	struct endpoint bind;
	btime timeout;
	unsigned repetitions, ports;
};

extern const struct config_row aaa_rows[];

/* What the values must be together. */
void aaa_settings_check(struct config *config, const struct aaa_settings *settings);

#endif
