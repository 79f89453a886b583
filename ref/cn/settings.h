// SPDX-License-Identifier: Apache-2.0
/* The configuration of a correspondent node. */
#ifndef BATON_CN_SETTINGS_H
#define BATON_CN_SETTINGS_H

#include "ref/host/program.h"

/* One who may bind. */
struct peer_settings {
	struct prefix home;
	unsigned key_id;
	struct config_octets key;
	bool on_behalf;
};

struct cn_settings {
	struct program_settings program;
	struct endpoint listen;
	struct prefix address; /* outer source of tunnels; family 0: the kernel's choice */
	unsigned lifetime_max;
	struct config_list peers; /* struct peer_settings */
};

extern const struct config_row cn_rows[];
/* Findings about `settings` (struct cn_settings) that no row can make; for struct program. */
void cn_check(struct config *config, void *settings);

#endif
