// SPDX-License-Identifier: Apache-2.0
/*
 * RFC 5227 as rows. Before use: a random wait, PROBE_NUM probes, ANNOUNCE_WAIT of listening; then
 * ANNOUNCE_NUM announcements, and watching for as long as the address is in use.
 */
#include <limits.h>
#include <string.h>

#include "ref/base/fsm.h"
#include "ref/base/mutant.h"
#include "ref/dhcp/acd.h"
#include "ref/dhcp/arp_packet.h"

/* Events of the machine: the owner's (enum acd_event_kind) and these. */
enum { TIMER = ACD_EVENT_STOP + 1, RX_CONFLICT };

static const char *const report_names[] = { "acd_free", "acd_conflict", "acd_announced",
	"acd_defended", "acd_lost" };

/* What a step needs beside the engine. */
struct step {
	struct acd *acd;
	btime now;
	struct actions *actions;
	const struct arp_packet *arp; /* of RX_CONFLICT */
	const struct acd_event *event; /* of the owner's */
};

static void report(struct step *s, enum acd_report what)
{
	actions_report(s->actions, s->acd, what, report_names[what],
		s->arp ? VIEW(s->arp->sender_mac, 6) : VIEW_EMPTY);
}

static void send(struct step *s, struct arp_packet arp)
{
	static const struct endpoint none;
	uint8_t room[ARP_FRAME_SIZE];
	struct writer w = writer_of(room, sizeof(room));

	arp_encode(&arp, &w);
	actions_send(s->actions, &none, &none, writer_view(&w));
}

/* RFC 5227 §2.1.1: evenly drawn. */
static btime draw(struct acd *a, btime low, btime high)
{
	uint64_t n;

	if (high <= low)
		return low;
	random_fill(a->config.random, &n, sizeof(n));
	return low + (btime)(n % (uint64_t)(high - low + 1));
}

static int announce(void *context, const void *input)
{
	struct step *s = context;
	struct acd *a = s->acd;
	(void)input;
	send(s, arp_announcement(a->config.mac, a->address));
	a->due = btime_add(s->now, a->config.announce_interval);
	if (++a->sent < a->config.announce_num)
		return 0;
	a->state = ACD_STATE_WATCHING;
	a->due = BTIME_NEVER;
	report(s, ACD_REPORT_ANNOUNCED);
	return 0;
}

static int announce_first(void *context, const void *input)
{
	struct step *s = context;

	s->acd->sent = 0;
	return announce(context, input);
}

static int known_free(void *context, const void *input)
{
	struct step *s = context;

	s->acd->address = s->event->address;
	s->acd->check_only = false;
	s->acd->defended = -1;
	return announce_first(context, input);
}

/* §2.1.1: after too many conflicts the next attempt waits. */
static int begin(void *context, const void *input)
{
	struct step *s = context;
	struct acd *a = s->acd;
	btime wait = draw(a, 0, a->config.probe_wait);

	(void)input;
	if (a->conflicts >= a->config.max_conflicts)
		wait = btime_add(wait, a->config.rate_limit_interval);
	a->address = s->event->address;
	a->check_only = s->event->kind == ACD_EVENT_CHECK;
	a->sent = 0;
	a->defended = -1;
	a->due = btime_add(s->now, wait);
	return 0;
}

static int probe(void *context, const void *input)
{
	struct step *s = context;
	struct acd *a = s->acd;
	(void)input;
	if (a->config.probe_num)
		send(s, arp_probe(a->config.mac, a->address));
	a->due = btime_add(s->now, draw(a, a->config.probe_min, a->config.probe_max));
	if (++a->sent < a->config.probe_num)
		return 0;
	a->state = ACD_STATE_ANNOUNCE_WAIT;
	a->due = btime_add(s->now, a->config.announce_wait);
	return 0;
}

static int is_free(void *context, const void *input)
{
	struct step *s = context;

	report(s, ACD_REPORT_FREE);
	if (!s->acd->check_only)
		return announce_first(context, input);
	s->acd->state = ACD_STATE_STOPPED;
	s->acd->due = BTIME_NEVER;
	return 0;
}

static int stop(void *context, const void *input)
{
	struct step *s = context;
	(void)input;
	s->acd->due = BTIME_NEVER;
	return 0;
}

static int conflict(void *context, const void *input)
{
	struct step *s = context;

	s->acd->conflicts++;
	report(s, ACD_REPORT_CONFLICT);
	return stop(context, input);
}

static int lose(void *context, const void *input)
{
	struct step *s = context;

	s->acd->conflicts++;
	report(s, ACD_REPORT_LOST);
	return stop(context, input);
}

static int defend(void *context, const void *input)
{
	struct step *s = context;
	struct acd *a = s->acd;
	(void)input;
	a->defended = s->now;
	send(s, arp_announcement(a->config.mac, a->address));
	report(s, ACD_REPORT_DEFENDED);
	return 0;
}

/* §2.4 (c): not more often than every DEFEND_INTERVAL. */
static int let_be(void *context, const void *input)
{
	(void)context;
	(void)input;
	return 0;
}

static bool always(const void *context, const void *input)
{
	(void)context;
	(void)input;
	return true;
}

static bool defended_lately(const struct step *s)
{
	return s->acd->defended >= 0 &&
		s->now - s->acd->defended < s->acd->config.defend_interval;
}

/* §2.4 (a), and (b) when this is the second conflict within DEFEND_INTERVAL. */
static bool must_cease(const void *context, const void *input)
{
	const struct step *s = context;
	(void)input;
	if (MUTANT(acd_never_ceases))
		return false;
	return s->acd->config.defence == ACD_DEFEND_NEVER ||
		(s->acd->config.defence == ACD_DEFEND_ONCE && defended_lately(s));
}

static bool too_soon(const void *context, const void *input)
{
	(void)input;
	return defended_lately(context);
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }
#define S(name) ACD_STATE_##name
#define E(name) ACD_EVENT_##name

static const struct fsm_row rows[] = {
	ROW(FSM_ANY, E(PROBE), always, S(WAITING), begin, "RFC 5227 §2.1.1"),
	ROW(FSM_ANY, E(CHECK), always, S(WAITING), begin, "RFC 5227 §2.1.1"),
	ROW(FSM_ANY, E(ANNOUNCE), always, S(ANNOUNCING), known_free, "RFC 5227 §2.3"),
	ROW(FSM_ANY, E(STOP), always, S(STOPPED), stop, "RFC 5227 §2"),
	ROW(S(WAITING), TIMER, always, S(PROBING), probe, "RFC 5227 §2.1.1"),
	ROW(S(PROBING), TIMER, always, FSM_SAME, probe, "RFC 5227 §2.1.1"),
	ROW(S(ANNOUNCE_WAIT), TIMER, always, S(ANNOUNCING), is_free, "RFC 5227 §2.1.1"),
	ROW(S(ANNOUNCING), TIMER, always, FSM_SAME, announce, "RFC 5227 §2.3"),
	ROW(S(WAITING), RX_CONFLICT, always, S(STOPPED), conflict, "RFC 5227 §2.1.1"),
	ROW(S(PROBING), RX_CONFLICT, always, S(STOPPED), conflict, "RFC 5227 §2.1.1"),
	ROW(S(ANNOUNCE_WAIT), RX_CONFLICT, always, S(STOPPED), conflict, "RFC 5227 §2.1.1"),
	ROW(S(ANNOUNCING), RX_CONFLICT, must_cease, S(STOPPED), lose, "RFC 5227 §2.4"),
	ROW(S(ANNOUNCING), RX_CONFLICT, too_soon, FSM_SAME, let_be, "RFC 5227 §2.4"),
	ROW(S(ANNOUNCING), RX_CONFLICT, always, FSM_SAME, defend, "RFC 5227 §2.4"),
	ROW(S(WATCHING), RX_CONFLICT, must_cease, S(STOPPED), lose, "RFC 5227 §2.4"),
	ROW(S(WATCHING), RX_CONFLICT, too_soon, FSM_SAME, let_be, "RFC 5227 §2.4"),
	ROW(S(WATCHING), RX_CONFLICT, always, FSM_SAME, defend, "RFC 5227 §2.4"),
};
#undef ROW
#undef S
#undef E

static const char *const state_names[] = { "STOPPED", "WAITING", "PROBING", "ANNOUNCE_WAIT",
	"ANNOUNCING", "WATCHING" };
static const char *const event_names[] = { "PROBE", "CHECK", "ANNOUNCE", "STOP", "TIMER",
	"RX_CONFLICT" };

const struct fsm acd_fsm = { "Address conflict detection", rows, sizeof(rows) / sizeof(*rows),
	state_names, event_names };

static int step(struct step *s, int event)
{
	return fsm_step(&acd_fsm, &s->acd->state, event, s, NULL, NULL, NULL);
}

struct acd_config acd_config_default(const uint8_t mac[6], struct random *random)
{
	struct acd_config config = {
		.probe_wait = BTIME_S,
		.probe_min = BTIME_S,
		.probe_max = 2 * BTIME_S,
		.announce_wait = 2 * BTIME_S,
		.announce_interval = 2 * BTIME_S,
		.defend_interval = 10 * BTIME_S,
		.rate_limit_interval = 60 * BTIME_S,
		.probe_num = 3,
		.announce_num = 2,
		.max_conflicts = 10,
		.defence = ACD_DEFEND_ONCE,
		.random = random,
	};
	memcpy(config.mac, mac, sizeof(config.mac));
	return config;
}

void acd_init(struct acd *acd, const struct acd_config *config)
{
	*acd = (struct acd){ .config = *config, .due = BTIME_NEVER, .defended = -1 };
}

/*
 * §2.1.1: while probing, any ARP packet whose sender address is ours-to-be, and a probe of another
 * host for it. §2.4: in use, only the former. Our own frames come back from some links.
 */
static bool is_conflict(const struct acd *a, const struct arp_packet *arp)
{
	bool probing = a->state == ACD_STATE_WAITING || a->state == ACD_STATE_PROBING ||
		a->state == ACD_STATE_ANNOUNCE_WAIT;

	if (memcmp(arp->sender_mac, a->config.mac, sizeof(a->config.mac)) == 0)
		return false;
	if (arp->sender_ip == a->address)
		return true;
	return probing && arp->operation == ARP_REQUEST && arp->sender_ip == 0 &&
		arp->target_ip == a->address;
}

int acd_input(struct acd *acd, struct view frame, btime now, struct actions *actions)
{
	struct arp_packet arp;
	struct step s = { acd, now, actions, &arp, NULL };

	if (acd->state == ACD_STATE_STOPPED || arp_decode(frame, &arp, NULL) < 0 ||
		!is_conflict(acd, &arp))
		return -1;
	return step(&s, RX_CONFLICT);
}

int acd_event(struct acd *acd, const struct acd_event *event, btime now, struct actions *actions)
{
	struct step s = { acd, now, actions, NULL, event };
	return step(&s, (int)event->kind);
}

int acd_tick(struct acd *acd, btime now, struct actions *actions)
{
	struct step s = { acd, now, actions, NULL, NULL };
	return now < acd->due ? 0 : step(&s, TIMER);
}

btime acd_due(const struct acd *acd)
{
	return acd->due;
}
