// SPDX-License-Identifier: Apache-2.0
/* What both ends of PANA can be told in a configuration, and what both write into logs. */
#ifndef BATON_NODE_PANA_SETTINGS_H
#define BATON_NODE_PANA_SETTINGS_H

#include "ref/base/fsm.h"
#include "ref/host/program.h"
#include "ref/pana/pana_report.h"

struct rtx_settings {
	btime irt, mrt, mrd;
	unsigned mrc;
};

struct pana_settings {
	struct config_numbers prf, integrity, encryption;
	struct rtx_settings request;
	btime failed_timeout, ping_interval, ping_gap, linger;
	unsigned nonce;
	bool require_key;
};

/* Rows of both structures. Of an rtx, rows for REQ_ and for PCI_ have the defaults of RFC 5191
 * §9. */
extern const struct config_row pana_rows[];
extern const struct config_row rtx_pci_rows[];

/* Fills `common`; what the settings leave open keeps the engine's default. */
void pana_settings_apply(const struct pana_settings *settings, struct node *node,
	struct pana_common *common);
struct pana_rtx rtx_settings_value(const struct rtx_settings *settings);

/*
 * The event of a report in the log, "pana_" and its name, with session and peer. PREAUTHORISED is
 * told as pana_authenticated too, "access" being the difference.
 */
void pana_log_report(struct node *node, const struct action *action, uint32_t session,
	const struct endpoint *peer, enum pana_access access);

/* The keys of a session into the key log; NULL: nothing. */
void pana_log_keys(struct node *node, uint32_t session, const struct pana_session_keys *keys);

/* {reason: count, ...} of those that are not zero. */
json_t *pana_rejected_json(uint32_t (*count)(const void *engine, enum reject_reason reason),
	const void *engine);

/* {row: hits, ...} of a state machine: "STATE event", so that a report shows what was never
 * exercised. */
json_t *pana_fsm_json(const struct fsm *fsm, const uint32_t *hits);

#endif
