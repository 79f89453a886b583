// SPDX-License-Identifier: Apache-2.0
/*
 * The state machines of an ISAKMP SA and of a quick mode, each one for both roles. RFC 2409 has no
 * tables of its own; each row names the section that it follows.
 *
 * IDLE to MM5_SENT: initiator; IDLE, MM2_SENT, MM4_SENT: responder. REPLACED: another SA goes on in
 * its place; it stays for what is under way.
 */
#include "ref/isakmp/isakmp_inside.h"

#define IKE(section) "RFC 2409 §" section

#define ROW(from, event, guard, to, action, section)                                               \
	{                                                                                          \
		ISAKMP_STATE_##from, ISAKMP_EV_##event, guard, to, isakmp_##action, section,       \
			#guard, #action                                                            \
	}
#define TO(state) ISAKMP_STATE_##state
#define proved isakmp_peer_proved
#define error isakmp_says_error
#define deletes isakmp_deletes_sa
#define always NULL

static const struct fsm_row rows[] = {
	ROW(IDLE, START, always, TO(MM1_SENT), tx_mm1, IKE("5")),
	ROW(IDLE, RX_MAIN, always, TO(MM2_SENT), answer_mm1, IKE("5")),
	ROW(MM1_SENT, RX_MAIN, always, TO(MM3_SENT), take_mm2, IKE("5")),
	ROW(MM2_SENT, RX_MAIN, always, TO(MM4_SENT), answer_mm3, IKE("5")),
	ROW(MM3_SENT, RX_MAIN, always, TO(MM5_SENT), take_mm4, IKE("5")),
	ROW(MM4_SENT, RX_MAIN, proved, TO(ESTABLISHED), answer_mm5, IKE("5.4")),
	ROW(MM4_SENT, RX_MAIN, always, TO(DEAD), refuse_peer, IKE("5.4")),
	ROW(MM5_SENT, RX_MAIN, proved, TO(ESTABLISHED), take_mm6, IKE("5.4")),
	ROW(MM5_SENT, RX_MAIN, always, TO(DEAD), distrust, IKE("5.4")),
	ROW(MM5_SENT, RX_INFO, error, TO(DEAD), be_refused, IKE("5.7")),
	ROW(ESTABLISHED, RX_QUICK, always, FSM_SAME, begin_quick, IKE("5.5")),
	ROW(ESTABLISHED, RX_INFO, deletes, TO(DEAD), be_deleted, "RFC 2408 §5.15"),
	ROW(ESTABLISHED, RX_INFO, always, FSM_SAME, take_info, IKE("5.7")),
	ROW(ESTABLISHED, ADOPTED, always, TO(REPLACED), forget, IKE("3.3")),
	ROW(ESTABLISHED, DELETE, always, TO(DEAD), tx_delete, "RFC 2408 §5.15"),
	ROW(ESTABLISHED, LIFETIME, always, TO(DEAD), expire_life, "RFC 2407 §4.5"),
	ROW(ESTABLISHED, HOLD, always, TO(DEAD), expire_alone, "address-change §5.6"),
	ROW(ESTABLISHED, RETRANSMIT_MAX, always, TO(DEAD), be_unreachable, "RFC 3706 §5.5"),
	ROW(REPLACED, RX_INFO, deletes, TO(DEAD), be_deleted, "RFC 2408 §5.15"),
	ROW(REPLACED, RX_INFO, always, FSM_SAME, take_info, IKE("5.7")),
	ROW(REPLACED, LIFETIME, always, TO(DEAD), expire_life, "RFC 2408 §5.15"),
	ROW(MM1_SENT, RETRANSMIT_MAX, always, TO(DEAD), fail, "RFC 2408 §5.1"),
	ROW(MM3_SENT, RETRANSMIT_MAX, always, TO(DEAD), fail, "RFC 2408 §5.1"),
	ROW(MM5_SENT, RETRANSMIT_MAX, always, TO(DEAD), fail, "RFC 2408 §5.1"),
	ROW(MM2_SENT, LIFETIME, always, TO(DEAD), forget, "RFC 2408 §5.1"),
	ROW(MM4_SENT, LIFETIME, always, TO(DEAD), forget, "RFC 2408 §5.1"),
	ROW(MM1_SENT, DELETE, always, TO(DEAD), tx_delete, "RFC 2408 §5.15"),
	ROW(MM3_SENT, DELETE, always, TO(DEAD), tx_delete, "RFC 2408 §5.15"),
	ROW(MM5_SENT, DELETE, always, TO(DEAD), tx_delete, "RFC 2408 §5.15"),
};

static const char *const states[] = {
#define X(s) #s,
	ISAKMP_STATES(X)
#undef X
};

static const char *const events[] = {
#define X(e) #e,
	ISAKMP_EVENTS(X)
#undef X
};

const struct fsm isakmp_machine = {
	.name = "ISAKMP SA",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.states = states,
	.events = events,
};

#undef ROW
#undef TO
#define ROW(from, event, to, action, section)                                                      \
	{                                                                                          \
		ISAKMP_QUICK_##from, ISAKMP_QEV_##event, NULL, to, isakmp_##action, section, NULL, \
			#action                                                                    \
	}
#define TO(state) ISAKMP_QUICK_##state

static const struct fsm_row quick_rows[] = {
	ROW(IDLE, START, TO(QM1_SENT), tx_qm1, IKE("5.5")),
	ROW(IDLE, RX_QUICK, TO(QM2_SENT), answer_qm1, IKE("5.5")),
	ROW(QM1_SENT, RX_QUICK, TO(DONE), take_qm2, IKE("5.5")),
	ROW(QM1_SENT, REFUSED, TO(DEAD), quick_fail, IKE("5.7")),
	ROW(QM1_SENT, RETRANSMIT_MAX, TO(DEAD), quick_lost, "RFC 2408 §5.1"),
	ROW(QM2_SENT, RX_QUICK, TO(DONE), take_qm3, IKE("5.5")),
	ROW(QM2_SENT, RETRANSMIT_MAX, TO(DEAD), quick_lost, "RFC 2408 §5.1"),
	ROW(DONE, LIFETIME, TO(DEAD), forget, IKE("5.5")),
};

static const char *const quick_states[] = {
#define X(s) #s,
	ISAKMP_QUICK_STATES(X)
#undef X
};

static const char *const quick_events[] = {
#define X(e) #e,
	ISAKMP_QUICK_EVENTS(X)
#undef X
};

const struct fsm isakmp_quick_machine = {
	.name = "quick mode",
	.rows = quick_rows,
	.count = sizeof(quick_rows) / sizeof(quick_rows[0]),
	.states = quick_states,
	.events = quick_events,
};

int isakmp_step(struct isakmp_sa *sa, enum isakmp_number event, struct isakmp_step *s)
{
	int row = -1;

	fsm_step(&isakmp_machine, &sa->state, (int)event, sa, s, sa->isakmp->hits, &row);
	return row < 0 ? -1 : 0;
}

int isakmp_quick_step(struct isakmp_quick *q, enum isakmp_quick_number event,
	struct isakmp_step *s)
{
	int row = -1;

	fsm_step(&isakmp_quick_machine, &q->state, (int)event, q, s, q->sa->isakmp->quick_hits,
		&row);
	if (q->state == ISAKMP_QUICK_DEAD)
		isakmp_quick_free(q);
	return row < 0 ? -1 : 0;
}
