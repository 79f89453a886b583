// SPDX-License-Identifier: Apache-2.0
/*
 * INFORMATIONAL: Delete (RFC 7296 §1.4.1), liveness (§2.4), and the change of addresses (RFC 4555
 * §3.5) with its check that the peer is where it says (§3.7).
 */
#include <netinet/in.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_inside.h"

static void send_task(struct ike_sa *sa, enum ike_task task, struct ike_step *s)
{
	sa->wanted &= ~(1u << task);
	ike_send_request(sa, IKE_INFORMATIONAL, task, s->draft, s);
}

/* --- our requests ------------------------------------------------------------------------- */

int ike_tx_delete(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;

	const struct ike_sa *sa = context;

	ike_draft_begin(s->draft);
	if (sa->expired)
		ike_draft_expired(sa, s->draft);
	ike_draft_delete(s->draft, IKE_PROTOCOL_IKE, VIEW_EMPTY);
	send_task(context, TASK_DELETE, s);
	return 0;
}

int ike_tx_delete_child(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct ike_child *child = ike_child_wanted(sa, false);
	uint8_t spi[4];
	struct writer w = writer_of(spi, sizeof(spi));

	child->want_delete = false;
	child->deleting = true;
	sa->offer.old = child;
	sa->offer.rival = NULL;
	write_u32(&w, child->info.spi_in);
	ike_draft_begin(s->draft);
	ike_draft_delete(s->draft, IKE_PROTOCOL_ESP, VIEW_OF(spi));
	send_task(sa, TASK_DELETE_CHILD, s);
	return 0;
}

/* RFC 4555 §3.5. */
int ike_tx_address(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;

	ike_draft_begin(s->draft);
	ike_draft_notify(s->draft, IKE_N_UPDATE_SA_ADDRESSES, VIEW_EMPTY);
	ike_nat_notify(context, s->draft);
	send_task(context, TASK_ADDRESS, s);
	return 0;
}

/* RFC 4555 §3.7: who answers with our random octets is where the packets go. */
int ike_tx_path(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	if (!MUTANT(ike_same_cookie2))
		random_fill(sa->ike->config.random, sa->cookie2, sizeof(sa->cookie2));
	ike_draft_begin(s->draft);
	ike_draft_notify(s->draft, IKE_N_COOKIE2, VIEW_OF(sa->cookie2));
	send_task(sa, TASK_PATH, s);
	return 0;
}

int ike_tx_probe(void *context, const void *input)
{
	struct ike_step *s = (struct ike_step *)input;

	ike_draft_begin(s->draft);
	send_task(context, TASK_PROBE, s);
	return 0;
}

/* --- the peer's requests ------------------------------------------------------------------ */

static bool next_deletion(const struct packet *p, unsigned *n, struct ike_deletion *d)
{
	const struct element_value *e;

	while ((e = packet_find_nth(p, 0, IKE_PAYLOAD_DELETE, (*n)++)))
		if (ike_decode_delete(e, d, NULL) == 0)
			return true;
	return false;
}

bool ike_deletes_ike(const void *context, const void *input)
{
	const struct ike_step *s = input;
	struct ike_deletion d;
	unsigned n = 0;

	(void)context;
	while (next_deletion(s->packet, &n, &d))
		if (d.protocol == IKE_PROTOCOL_IKE || MUTANT(ike_deletes_all))
			return true;
	return false;
}

int ike_answer_delete(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	ike_answered(sa);
	ike_draft_begin(s->draft);
	ike_send_response(sa, IKE_INFORMATIONAL, s->draft, s);
	if (!sa->told && !sa->expired && ike_says_expired(s->packet))
		ike_tell(sa, s, IKE_REPORT_EXPIRED, NULL);
	if (!sa->told)
		ike_tell(sa, s, IKE_REPORT_DOWN, NULL);
	sa->told = true;
	ike_drop_children(sa, s);
	sa->has_address = false;
	sa->lifetime_due = btime_add(s->now, IKE_LINGER);
	return 0;
}

/* §1.4.1: the answer names our half of each pair, unless our own Delete of it is under way. */
static void answer_deletions(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_deletion d;
	unsigned n = 0;

	while (next_deletion(s->packet, &n, &d)) {
		struct reader r = reader_of(d.spis);
		while (d.protocol == IKE_PROTOCOL_ESP && d.spi_size == 4 && reader_left(&r)) {
			struct ike_child *child = ike_child_by_out(sa, read_u32(&r));
			uint8_t spi[4];
			struct writer w = writer_of(spi, sizeof(spi));
			if (!child)
				continue;
			write_u32(&w, child->info.spi_in);
			if (MUTANT(ike_deletes_twice) ||
				(!child->deleting && !MUTANT(ike_deletes_silently)))
				ike_draft_delete(s->draft, IKE_PROTOCOL_ESP, VIEW_OF(spi));
			ike_drop_child(sa, child, s);
		}
	}
}

/* RFC 4555 §3.9: who allows no NAT says which addresses and ports the packet had; it has others. */
static bool nat_in_spite_of(const struct ike_step *s)
{
	const size_t size = s->from.family == AF_INET6 ? 16 : 4;
	uint8_t octets[36];
	struct writer w = writer_of(octets, sizeof(octets));
	struct ike_notification n;

	if (!ike_find_notify(s->packet, IKE_N_NO_NATS_ALLOWED, &n) || MUTANT(ike_allows_nats))
		return false;
	write_bytes(&w, s->from.address, size);
	write_bytes(&w, s->local.address, size);
	write_bytes(&w, &s->from.port, 2);
	write_bytes(&w, &s->local.port, 2);
	return !view_equal(n.data, writer_view(&w));
}

/* RFC 4555 §3.5: only the one who began may move the SA, to where the packet came from. */
static void answer_address(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_notification n;

	if ((!sa->mobike && !MUTANT(ike_moves_without_mobike)) ||
		sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (nat_in_spite_of(s)) {
		ike_draft_notify(s->draft, IKE_N_UNEXPECTED_NAT_DETECTED, VIEW_EMPTY);
		return;
	}
	if ((sa->leader && !MUTANT(ike_moved_by_anybody)) ||
		(!ike_find_notify(s->packet, IKE_N_UPDATE_SA_ADDRESSES, &n) &&
			!MUTANT(ike_moves_by_itself))) {
		/* §3.8: NAT detection is answered in kind, whatever the request is about */
		if (ike_find_notify(s->packet, IKE_N_NAT_DETECTION_SOURCE_IP, &n) &&
			!MUTANT(ike_no_nat_in_answer))
			ike_nat_notify_at(sa, s->draft, &s->local, &s->from);
		return;
	}
	ike_nat_detect(sa, s);
	if (!MUTANT(ike_stays)) {
		sa->local = s->local;
		sa->peer = s->from;
	}
	ike_nat_notify_at(sa, s->draft, &s->local, &s->from);
	if (sa->connection->check_path)
		sa->wanted |= 1u << TASK_PATH;
	else
		ike_tell(sa, s, IKE_REPORT_MOVED, NULL);
}

static void tell_notifications(struct ike_sa *sa, struct ike_step *s)
{
	const struct element_value *e;

	for (unsigned i = 0; i < 4; i++) {
		e = packet_find_nth(s->packet, 0, IKE_PAYLOAD_NOTIFY, i);
		if (!e)
			return;
		actions_report(s->actions, sa, IKE_REPORT_NOTIFIED,
			ike_report_name(IKE_REPORT_NOTIFIED), e->value);
	}
}

int ike_answer_info(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct ike_notification n;

	ike_draft_begin(s->draft);
	if (ike_find_notify(s->packet, IKE_N_COOKIE2, &n) && /* RFC 4555 §4.2.5: as it came */
		!MUTANT(ike_forgets_cookie2))
		ike_draft_notify(s->draft, IKE_N_COOKIE2, n.data);
	answer_deletions(sa, s);
	answer_address(sa, s);
	ike_change_asked(sa, s);
	tell_notifications(sa, s);
	ike_send_response(sa, IKE_INFORMATIONAL, s->draft, s);
	return 0;
}

/* --- the peer's answers ------------------------------------------------------------------- */

static void path_answered(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_notification n;

	if (ike_find_notify(s->packet, IKE_N_COOKIE2, &n) &&
		(ct_equal(n.data, VIEW_OF(sa->cookie2)) || MUTANT(ike_any_cookie2)))
		ike_tell(sa, s, IKE_REPORT_MOVED, NULL);
	else /* RFC 4555 §3.7: somebody is not where it says */
		sa->wanted |= 1u << TASK_DELETE;
}

static void address_answered(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_notification n;
	uint16_t error = ike_find_error(s->packet, &n);

	if (error) {
		ike_tell(sa, s, IKE_REPORT_CHILD_FAILED, ike_name(ike_notify_names, error));
		return;
	}
	if (sa->wanted & 1u << TASK_ADDRESS)
		return; /* moved again meanwhile: only the last place counts */
	ike_nat_detect(sa, s);
	ike_tell(sa, s, IKE_REPORT_MOVED, NULL);
}

int ike_info_answered(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	enum ike_task task = sa->task;

	ike_answered(sa);
	if (task == TASK_PROBE)
		ike_tell(sa, s, IKE_REPORT_ALIVE, NULL);
	else if (task == TASK_ADDRESS)
		address_answered(sa, s);
	else if (task == TASK_CHANGE)
		ike_change_answered(sa, s);
	else if (task == TASK_PATH)
		path_answered(sa, s);
	else if (task == TASK_DELETE_CHILD && sa->offer.old)
		ike_drop_child(sa, sa->offer.old, s);
	return 0;
}
