// SPDX-License-Identifier: Apache-2.0
#include "ref/node/pana_settings.h"

static const struct config_name prfs[] = {
	{ PANA_PRF_HMAC_SHA1, "HMAC_SHA1" },
	{ PANA_PRF_HMAC_SHA2_256, "HMAC_SHA2_256" },
	{ 0, NULL },
};

static const struct config_name integrities[] = {
	{ PANA_AUTH_HMAC_SHA1_160, "HMAC_SHA1_160" },
	{ PANA_AUTH_HMAC_SHA2_256_128, "HMAC_SHA2_256_128" },
	{ 0, NULL },
};

static const struct config_name encryptions[] = {
	{ PANA_AES128_CTR, "AES128_CTR" },
	{ 0, NULL },
};

#define RTX(member) .offset = offsetof(struct rtx_settings, member)
#define RTX_ROWS(irt_default, mrt_default, mrc_default)                                            \
	{                                                                                          \
		{ .key = "irt", .kind = CONFIG_TIME, RTX(irt), .otherwise = irt_default, .min = 1, \
		  .help = "Initial retransmission time." },                                        \
		{ .key = "mrt", .kind = CONFIG_TIME, RTX(mrt), .otherwise = mrt_default,           \
		  .help = "Most time between two; 0: no bound." },                                 \
		{ .key = "mrc", .kind = CONFIG_UINT, RTX(mrc), .otherwise = mrc_default,           \
		  .max = 1000, .help = "Most retransmissions; 0: no bound." },                     \
		{ .key = "mrd", .kind = CONFIG_TIME, RTX(mrd), .otherwise = "0",                   \
		  .help = "Most time altogether; 0: no bound." },                                  \
		{ 0 },                                                                             \
	}

static const struct config_row rtx_request_rows[] = RTX_ROWS("1 s", "30 s", "10");
const struct config_row rtx_pci_rows[] = RTX_ROWS("1 s", "120 s", "0");

#define AT(member) .offset = offsetof(struct pana_settings, member)

const struct config_row pana_rows[] = {
	{ .key = "prf", .kind = CONFIG_NAMES, AT(prf), .names = prfs, .max = PANA_ALGORITHMS_MAX,
	  .help = "PRF algorithms, best first. Not given: SHA2-256, then SHA1." },
	{ .key = "integrity", .kind = CONFIG_NAMES, AT(integrity), .names = integrities,
	  .max = PANA_ALGORITHMS_MAX, .help = "Integrity algorithms, best first; likewise." },
	{ .key = "encryption", .kind = CONFIG_NAMES, AT(encryption), .names = encryptions,
	  .max = PANA_ALGORITHMS_MAX,
	  .help = "Algorithms to encrypt AVPs with (RFC 6786), best first. Not given: none." },
	{ .key = "request", .kind = CONFIG_MAP, AT(request), .rows = rtx_request_rows,
	  .size = sizeof(struct rtx_settings),
	  .help = "Retransmission of requests: REQ_ of RFC 5191 section 9." },
	{ .key = "failed_timeout", .kind = CONFIG_TIME, AT(failed_timeout), .otherwise = "60 s",
	  .min = 1, .help = "FAILED_SESS_TIMEOUT of RFC 5609: until the access phase." },
	{ .key = "ping_interval", .kind = CONFIG_TIME, AT(ping_interval), .otherwise = "0",
	  .help = "Liveness test after so much silence; 0: never." },
	{ .key = "ping_gap", .kind = CONFIG_TIME, AT(ping_gap), .otherwise = "1 s",
	  .help = "Least time between two liveness tests (RFC 5191 section 4.2)." },
	{ .key = "linger", .kind = CONFIG_TIME, AT(linger), .otherwise = "35 s",
	  .help = "How long a repeated last request is still answered." },
	{ .key = "nonce", .kind = CONFIG_UINT, AT(nonce), .otherwise = "20", .min = PANA_NONCE_MIN,
	  .max = 64, .help = "Octets of a nonce." },
	{ .key = "require_key", .kind = CONFIG_BOOL, AT(require_key),
	  .help = "Authentication that yields no key is a failure." },
	{ 0 },
};

struct pana_rtx rtx_settings_value(const struct rtx_settings *s)
{
	return (struct pana_rtx){ .irt = s->irt, .mrt = s->mrt, .mrc = s->mrc, .mrd = s->mrd };
}

void pana_settings_apply(const struct pana_settings *s, struct node *node,
	struct pana_common *common)
{
	for (size_t i = 0; s->prf.count && i < PANA_ALGORITHMS_MAX; i++)
		common->prfs[i] = i < s->prf.count ? (enum pana_prf)s->prf.items[i] : 0;
	for (size_t i = 0; s->integrity.count && i < PANA_ALGORITHMS_MAX; i++)
		common->integrities[i] =
			i < s->integrity.count ? (enum pana_integrity)s->integrity.items[i] : 0;
	for (size_t i = 0; i < s->encryption.count && i < PANA_ALGORITHMS_MAX; i++)
		common->encryptions[i] = (enum pana_encryption)s->encryption.items[i];
	common->nonce_size = s->nonce;
	common->request = rtx_settings_value(&s->request);
	common->failed_timeout = s->failed_timeout;
	common->ping_interval = s->ping_interval;
	common->ping_gap = s->ping_gap;
	common->linger = s->linger;
	common->require_key = s->require_key;
	common->random = &node->random;
}

/* --- logs ------------------------------------------------------------------------------------- */

static bool data_is_text(enum pana_report report)
{
	switch (report) {
	case PANA_REPORT_AUTHENTICATED:
	case PANA_REPORT_PREAUTHORISED:
	case PANA_REPORT_POSTAUTHORISED:
	case PANA_REPORT_REAUTHENTICATED:
	case PANA_REPORT_FAILED:
	case PANA_REPORT_TERMINATED:
	case PANA_REPORT_EXPIRED:
	case PANA_REPORT_UNREACHABLE:
	case PANA_REPORT_RETRANSMITTED: return true;
	case PANA_REPORT_STARTED:
	case PANA_REPORT_HELD:
	case PANA_REPORT_ADDRESS_UPDATED:
	case PANA_REPORT_ALIVE:
	case PANA_REPORT_NOTIFIED:
	case PANA_REPORT_ACKNOWLEDGED:
	case PANA_REPORT_REJECTED:
	case PANA_REPORT_COUNT: break;
	}
	return false;
}

static const char *event_name(enum pana_report report, char out[64])
{
	/* The initial PAR and PAN have passed; "started" is the PCI. */
	const char *name = report == PANA_REPORT_STARTED ? "session" :
		report == PANA_REPORT_PREAUTHORISED	  ? "authenticated" :
							    pana_report_name(report);

	snprintf(out, 64, "pana_%s", name);
	return out;
}

void pana_log_report(struct node *node, const struct action *a, uint32_t session,
	const struct endpoint *peer, enum pana_access access)
{
	enum pana_report report = (enum pana_report)a->event;
	char name[64], address[64];
	json_t *details;

	endpoint_text(peer, address, sizeof(address));
	if (report == PANA_REPORT_REJECTED) {
		log_reject(node->log, "pana_rejected", address, &a->reject);
		return;
	}
	details = json_pack("{s:I,s:s,s:s}", "session", (json_int_t)session, "peer", address,
		"access", pana_access_name(access));
	if (data_is_text(report) && a->data.size)
		json_object_set_new(details, "detail",
			json_stringn_nocheck((const char *)a->data.data, a->data.size));
	log_event_json(node->log, event_name(report, name), details);
}

static void put_hex(const uint8_t *from, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++)
		snprintf(out + 2 * i, 3, "%02x", from[i]);
}

void pana_log_keys(struct node *node, uint32_t session, const struct pana_session_keys *keys)
{
	char ca[2 * MPA_KEY_SIZE + 1], ar[2 * MPA_KEY_SIZE + 1];

	if (!keys || node->key_log < 0)
		return;
	put_hex(keys->mn_ca, MPA_KEY_SIZE, ca);
	put_hex(keys->mn_ar, MPA_KEY_SIZE, ar);
	node_key(node, "PANA_MN_CA %08x:%u %s", session, keys->key_id, ca);
	node_key(node, "PANA_MN_AR %08x:%u %s", session, keys->key_id, ar);
}

json_t *pana_rejected_json(uint32_t (*count)(const void *engine, enum reject_reason reason),
	const void *engine)
{
	json_t *object = json_object();

	for (int r = 1; r < REJECT_COUNT; r++) {
		uint32_t n = count(engine, (enum reject_reason)r);
		if (n)
			json_object_set_new(object, reject_name((enum reject_reason)r),
				json_integer(n));
	}
	return object;
}

json_t *pana_fsm_json(const struct fsm *fsm, const uint32_t *hits)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < fsm->count; i++) {
		const struct fsm_row *r = &fsm->rows[i];
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:s*,s:i}", "from",
				r->from == FSM_ANY ? "any" : fsm->states[r->from], "event",
				fsm->events[r->event], "section", r->section, "hits",
				(int)hits[i]));
	}
	return list;
}
