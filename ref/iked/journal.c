// SPDX-License-Identifier: Apache-2.0
/* What the engine reports, as events and into the key log. */
#include "ref/base/crypto.h"
#include "ref/ike/ike_key_log.h"
#include "ref/iked/iked.h"
#include "ref/node/ike_journal.h"

json_t *journal_sa(const struct ike_sa *sa)
{
	struct ike_sa_facts f = { .connection = sa_connection(sa)->name, .state = sa_state(sa),
		.spi_i = sa_spi_i(sa), .spi_r = sa_spi_r(sa), .local = sa_local(sa),
		.peer = sa_peer(sa), .peer_id = sa_peer_id(sa), .suite = sa_suite(sa),
		.initiator = sa_initiator(sa), .mobike = sa_mobike(sa),
		.version = sa_is_old(sa) ? 1 : 2 };

	return ike_sa_json(&f);
}

/* The initiator's cookie and the key of the cipher. */
static void journal_old_keys(struct iked *d, const struct isakmp_sa *sa)
{
	const struct isakmp_keys *k = isakmp_sa_keys(sa);
	char key[2 * IKE_KEY_MAX + 1] = "";

	for (size_t i = 0; i < k->cipher_size; i++)
		snprintf(key + 2 * i, 3, "%02x", k->cipher[i]);
	node_key(d->node, "%016llx,%s", (unsigned long long)isakmp_sa_cky_i(sa), key);
	wipe(key, sizeof(key));
}

void journal_keys(struct iked *d, const struct ike_sa *sa)
{
	char line[IKE_KEY_LOG_MAX];

	if (sa_is_old(sa)) {
		journal_old_keys(d, (const struct isakmp_sa *)sa);
		return;
	}
	node_key(d->node, "%s", ike_key_log(ike_sa_suite(sa), ike_sa_keys(sa), ike_sa_spi_i(sa),
				    ike_sa_spi_r(sa), line));
	wipe(line, sizeof(line));
}

void journal_report(struct iked *d, const struct action *a)
{
	if (log_event_wanted(d->node->log))
		ike_journal(d->node->log, a,
			a->event == IKE_REPORT_REJECTED ? NULL : journal_sa(a->session));
}
