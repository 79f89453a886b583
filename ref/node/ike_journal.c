// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/base/crypto.h"
#include "ref/node/ike_journal.h"

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

json_t *ike_sa_json(const struct ike_sa_facts *f)
{
	char local[64], peer[64], id[2 * IKE_ID_MAX + 1], suite[160], spi[2][17];

	snprintf(spi[0], sizeof(spi[0]), "%016llx", (unsigned long long)f->spi_i);
	snprintf(spi[1], sizeof(spi[1]), "%016llx", (unsigned long long)f->spi_r);
	ike_id_text(f->peer_id, id, sizeof(id));
	suite[0] = '\0';
	if (f->suite)
		suite_text(f->suite, suite, sizeof(suite));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:i}", "connection",
		f->connection, "state", f->state, "spi_i", spi[0], "spi_r", spi[1], "local",
		endpoint_text(f->local, local, sizeof(local)), "peer",
		endpoint_text(f->peer, peer, sizeof(peer)), "peer_id", id, "suite", suite,
		"initiator", f->initiator, "mobike", f->mobike, "version", f->version);
}

json_t *ike_v2_json(const struct ike_sa *sa)
{
	struct ike_sa_facts f = { .connection = ike_sa_connection(sa)->name,
		.state = ike_sa_state(sa), .spi_i = ike_sa_spi_i(sa), .spi_r = ike_sa_spi_r(sa),
		.local = ike_sa_local(sa), .peer = ike_sa_peer(sa), .peer_id = ike_sa_peer_id(sa),
		.suite = ike_sa_keys(sa) ? ike_sa_suite(sa) : NULL,
		.initiator = ike_sa_initiator(sa), .mobike = ike_sa_mobike(sa), .version = 2 };

	return ike_sa_json(&f);
}

json_t *ike_child_json(const struct ike_child_info *c)
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

static void log_child(struct log *log, const struct action *a, json_t *sa)
{
	struct ike_child_info info;

	memcpy(&info, a->data.data, sizeof(info));
	json_t *details = ike_child_json(&info);
	json_object_set(details, "connection", json_object_get(sa, "connection"));
	log_event_json(log, a->name, details);
	wipe(&info, sizeof(info));
	json_decref(sa);
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

static void log_words(struct log *log, const struct action *a, json_t *details)
{
	char address[16];

	if (a->event == IKE_REPORT_ADDRESS || a->event == IKE_REPORT_ADDRESS_WANTED)
		json_object_set_new(details, "address",
			json_string(inet_ntop(AF_INET, a->data.data, address, sizeof(address))));
	else if (a->event == IKE_REPORT_MIGRATED || a->event == IKE_REPORT_CHANGING)
		add_migration(details, a->data);
	else if (a->event != IKE_REPORT_NOTIFIED && a->event != IKE_REPORT_REKEYED && a->data.size)
		json_object_set_new(details, "words",
			json_stringn((const char *)a->data.data, a->data.size));
	log_event_json(log, a->name, details);
}

void ike_journal(struct log *log, const struct action *a, json_t *sa)
{
	char peer[64];

	switch ((enum ike_report)a->event) {
	case IKE_REPORT_CHILD_UP:
	case IKE_REPORT_CHILD_DOWN:
		log_child(log, a, sa);
		break;
	case IKE_REPORT_REJECTED:
		log_reject(log, a->name, endpoint_text(&a->peer, peer, sizeof(peer)),
			&a->reject);
		json_decref(sa);
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
		log_words(log, a, sa);
		break;
	}
}
