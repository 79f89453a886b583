// SPDX-License-Identifier: Apache-2.0
/* What the engine reports, as events and into the key log. */
#include <arpa/inet.h>

#include "ref/base/crypto.h"
#include "ref/ike/ike_key_log.h"
#include "ref/iked/iked.h"

static void suite_text(const struct ike_suite *suite, char *out, size_t size)
{
	const char *encr = ike_name(ike_encr_names, suite->encr);
	const char *integ = suite->integ ? ike_name(ike_integ_names, suite->integ) : NULL;
	const char *prf = suite->prf ? ike_name(ike_prf_names, suite->prf) : NULL;
	const char *dh = suite->dh ? ike_name(ike_dh_names, suite->dh) : NULL;

	snprintf(out, size, "%s-%u%s%s%s%s%s%s", encr, suite->key_bits, integ ? "/" : "",
		integ ? integ : "", prf ? "/" : "", prf ? prf : "", dh ? "/" : "", dh ? dh : "");
}

static void selectors_text(const struct ike_ts_list *list, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < list->count && used + 2 < size; i++) {
		if (i)
			out[used++] = ',';
		ike_ts_text(&list->list[i], out + used, size - used);
		used += strlen(out + used);
	}
}

json_t *journal_sa(const struct ike_sa *sa)
{
	char local[64], peer[64], id[IKE_ID_MAX + 1], suite[160], spi[2][17];

	snprintf(spi[0], sizeof(spi[0]), "%016llx", (unsigned long long)sa_spi_i(sa));
	snprintf(spi[1], sizeof(spi[1]), "%016llx", (unsigned long long)sa_spi_r(sa));
	ike_id_text(sa_peer_id(sa), id, sizeof(id));
	suite[0] = '\0';
	if (sa_suite(sa))
		suite_text(sa_suite(sa), suite, sizeof(suite));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:i}", "connection",
		sa_connection(sa)->name, "state", sa_state(sa), "spi_i", spi[0], "spi_r",
		spi[1], "local", endpoint_text(sa_local(sa), local, sizeof(local)), "peer",
		endpoint_text(sa_peer(sa), peer, sizeof(peer)), "peer_id", id, "suite", suite,
		"initiator", sa_initiator(sa), "mobike", sa_mobike(sa), "version",
		sa_is_old(sa) ? 1 : 2);
}

json_t *journal_child(const struct ike_child_info *c)
{
	char suite[160], in[9], out[9], replaces[9], local[256], remote[256];

	snprintf(in, sizeof(in), "%08x", c->spi_in);
	snprintf(out, sizeof(out), "%08x", c->spi_out);
	snprintf(replaces, sizeof(replaces), "%08x", c->replaces);
	suite_text(&c->suite, suite, sizeof(suite));
	selectors_text(&c->local_ts, local, sizeof(local));
	selectors_text(&c->remote_ts, remote, sizeof(remote));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "spi_in", in, "spi_out", out,
		"replaces", replaces, "suite", suite, "local_ts", local, "remote_ts", remote,
		"mode", c->transport ? "transport" : "tunnel", "encapsulated", c->encapsulated);
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

static void log_child(struct iked *d, const struct action *a)
{
	struct ike_child_info info;

	memcpy(&info, a->data.data, sizeof(info));
	json_t *details = journal_child(&info);
	json_object_set_new(details, "connection",
		json_string(sa_connection(a->session)->name));
	log_event_json(d->node->log, a->name, details);
	wipe(&info, sizeof(info));
}

static void add_migration(json_t *details, struct view data)
{
	struct ike_migration m;
	char from[64], to[64];

	memcpy(&m, data.data, sizeof(m));
	endpoint_text(m.here ? &m.old_local : &m.old_peer, from, sizeof(from));
	endpoint_text(m.here ? &m.local : &m.peer, to, sizeof(to));
	json_object_set_new(details, "here", json_boolean(m.here));
	json_object_set_new(details, "unverified", json_boolean(m.unverified));
	json_object_set_new(details, "from", json_string(from));
	json_object_set_new(details, "to", json_string(to));
}

static void log_words(struct iked *d, const struct action *a)
{
	json_t *details = journal_sa(a->session);
	char address[16];

	if (a->event == IKE_REPORT_ADDRESS || a->event == IKE_REPORT_ADDRESS_WANTED)
		json_object_set_new(details, "address",
			json_string(inet_ntop(AF_INET, a->data.data, address, sizeof(address))));
	else if (a->event == IKE_REPORT_MIGRATED || a->event == IKE_REPORT_CHANGING)
		add_migration(details, a->data);
	else if (a->event != IKE_REPORT_NOTIFIED && a->event != IKE_REPORT_REKEYED && a->data.size)
		json_object_set_new(details, "words",
			json_stringn((const char *)a->data.data, a->data.size));
	log_event_json(d->node->log, a->name, details);
}

void journal_report(struct iked *d, const struct action *a)
{
	char peer[64];

	if (!log_event_wanted(d->node->log))
		return;
	switch ((enum ike_report)a->event) {
	case IKE_REPORT_CHILD_UP:
	case IKE_REPORT_CHILD_DOWN:
		log_child(d, a);
		break;
	case IKE_REPORT_REJECTED:
		log_reject(d->node->log, a->name, endpoint_text(&a->peer, peer, sizeof(peer)),
			&a->reject);
		break;
	case IKE_REPORT_ESTABLISHED:
	case IKE_REPORT_REKEYED:
	case IKE_REPORT_ADDRESS:
	case IKE_REPORT_ADDRESS_WANTED:
	case IKE_REPORT_CHILD_FAILED:
	case IKE_REPORT_MOVED:
	case IKE_REPORT_CHANGING:
	case IKE_REPORT_MIGRATED:
	case IKE_REPORT_VERIFIED:
	case IKE_REPORT_CHANGE_REFUSED:
	case IKE_REPORT_EXPIRED:
	case IKE_REPORT_ALIVE:
	case IKE_REPORT_NOTIFIED:
	case IKE_REPORT_DOWN:
	case IKE_REPORT_FAILED:
	case IKE_REPORT_UNREACHABLE:
		log_words(d, a);
		break;
	}
}
