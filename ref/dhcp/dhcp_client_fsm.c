// SPDX-License-Identifier: Apache-2.0
/*
 * The client's state machine (RFC 2131 Figure 5 and §4.4), with a state of its own, CHECKING,
 * while the owner looks whether the address is free (§4.4.1: "SHOULD perform a final check").
 *
 * One timer: `due` is the next retransmission, T1, T2 or the end of the lease, whichever the state
 * waits for. Each exchange has its own transaction identifier; DISCOVER and the REQUEST that
 * follows share one (Table 5).
 *
 * Left out: RFC 3118 authentication, and using an old lease unverified when nobody answers an
 * INIT-REBOOT (§3.2 point 4 allows it; here the client begins anew).
 */
#include <stdlib.h>

#include "ref/dhcp/dhcp_client_inside.h"

static const char *const state_names[] = { "STOPPED", "INIT", "SELECTING", "REQUESTING", "CHECKING",
	"BOUND", "RENEWING", "REBINDING", "INIT-REBOOT", "REBOOTING", "INFORMING" };
static const char *const event_names[] = { "START", "REBOOT", "INFORM", "RENEW", "REBIND",
	"ADDRESS_FREE", "ADDRESS_IN_USE", "RELEASE", "STOP", "TIMER", "DHCPOFFER", "DHCPACK",
	"DHCPNAK" };
static const char *const report_names[] = { "dhcp_check", "dhcp_bound", "dhcp_renewed",
	"dhcp_informed", "dhcp_nak", "dhcp_expired", "dhcp_declined", "dhcp_released",
	"dhcp_failed", "dhcp_rejected" };

struct action *dhcp_client_report(struct dhcp_client *c, enum dhcp_report what)
{
	return actions_report(c->actions, c, what, report_names[what], VIEW_EMPTY);
}

/* An even draw from `low` to `high`. */
static btime draw(struct dhcp_client *c, btime low, btime high)
{
	uint64_t n;

	if (high <= low)
		return low;
	random_fill(c->config.random, &n, sizeof(n));
	return low + (btime)(n % (uint64_t)(high - low + 1));
}

/* RFC 2131 §4.1: doubled each time, with a random part. */
static btime backoff(struct dhcp_client *c)
{
	btime wait = c->config.retransmit_first, jitter = c->config.retransmit_jitter;

	for (unsigned i = 0; i < c->tries && wait < c->config.retransmit_max; i++)
		wait *= 2;
	wait = btime_min(wait, c->config.retransmit_max);
	return draw(c, wait > jitter ? wait - jitter : 1, wait + jitter);
}

static void new_exchange(struct dhcp_client *c)
{
	c->xid = random_u32(c->config.random);
	c->tries = 0;
	c->usual = 0;
}

static void retransmit_later(struct dhcp_client *c)
{
	c->due = btime_add(c->now, backoff(c));
	c->tries++;
}

/* What is asked first may go out once more, soon, which changes nothing in the usual times. */
static void repeat_soon(struct dhcp_client *c)
{
	if (c->tries != 1 || c->config.repeat_first <= 0)
		return;
	c->usual = c->due;
	c->due = btime_min(c->due, btime_add(c->now, c->config.repeat_first));
}

/* Back to the beginning, `wait` from now. */
static void begin_anew(struct dhcp_client *c, btime wait)
{
	new_exchange(c);
	c->offer = (struct offer){ 0 };
	c->has_lease = false;
	c->state = DHCP_STATE_INIT;
	c->due = btime_add(c->now, wait);
	c->started = c->due;
}

/* RFC 2131 §4.4.1: a random delay, so that a building does not come up all at once. */
static int begin(void *context, const void *input)
{
	struct dhcp_client *c = context;
	const struct dhcp_event *event = input;
	btime most = c->config.start_delay_max;

	c->wanted = event->address;
	begin_anew(c, most > 0 ? draw(c, btime_min(BTIME_S, most), most) : 0);
	return 0;
}

static int discover(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	send_discover_message(c);
	retransmit_later(c);
	repeat_soon(c);
	return 0;
}

static int request(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	send_request_message(c);
	retransmit_later(c);
	return 0;
}

static int reboot(void *context, const void *input)
{
	struct dhcp_client *c = context;
	const struct dhcp_event *event = input;

	new_exchange(c);
	c->wanted = event->address ? event->address : c->lease.address;
	c->has_lease = false;
	c->started = c->now;
	request(context, input);
	repeat_soon(c);
	return 0;
}

/* Not one of the attempts, which are counted and spaced as without it. */
static int repeat(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	if (c->state == DHCP_STATE_SELECTING)
		send_discover_message(c);
	else
		send_request_message(c);
	c->due = c->usual;
	c->usual = 0;
	return 0;
}

static int inform(void *context, const void *input)
{
	struct dhcp_client *c = context;
	const struct dhcp_event *event = input;

	if (event) {
		new_exchange(c);
		c->wanted = event->address;
	}
	send_inform_message(c);
	retransmit_later(c);
	return 0;
}

static int inform_again(void *context, const void *input)
{
	(void)input;
	return inform(context, NULL);
}

static struct offer offer_of(const struct dhcp_packet *packet)
{
	return (struct offer){
		.address = (uint32_t)packet->packet.header[DHCP_YIADDR],
		.server = dhcp_option_address(packet, DHCP_OPTION_SERVER_ID),
		.seconds = dhcp_option_address(packet, DHCP_OPTION_LEASE_TIME),
	};
}

/* The address asked for is best, then the longest lease. */
static bool is_better(const struct dhcp_client *c, struct offer a, struct offer b)
{
	if (b.address == 0 || (c->wanted && a.address == c->wanted && b.address != c->wanted))
		return true;
	if (c->wanted && b.address == c->wanted)
		return false;
	return a.seconds > b.seconds;
}

static int request_offered(void *context, const void *input)
{
	struct dhcp_client *c = context;

	c->tries = 0;
	return request(context, input);
}

static int take_offer(void *context, const void *input)
{
	struct dhcp_client *c = context;

	c->offer = offer_of(input);
	return request_offered(context, input);
}

static int collect_offer(void *context, const void *input)
{
	struct dhcp_client *c = context;
	struct offer offer = offer_of(input);

	if (c->offer.address == 0)
		c->due = btime_add(c->now, c->config.offer_wait);
	if (is_better(c, offer, c->offer))
		c->offer = offer;
	return 0;
}

static void keep_ack(struct dhcp_client *c, const struct dhcp_packet *ack)
{
	lease_of_ack(ack, c->requested, c->now, &c->lease);
	c->has_lease = true;
}

static int ask_owner(void *context, const void *input)
{
	struct dhcp_client *c = context;

	keep_ack(c, input);
	c->due = c->lease.expires;
	dhcp_client_report(c, DHCP_REPORT_CHECK);
	return 0;
}

static int bound(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	c->due = c->lease.renews;
	dhcp_client_report(c, DHCP_REPORT_BOUND);
	return 0;
}

static int bind_ack(void *context, const void *input)
{
	keep_ack(context, input);
	return bound(context, input);
}

static int renewed(void *context, const void *input)
{
	struct dhcp_client *c = context;

	keep_ack(c, input);
	c->due = c->lease.renews;
	dhcp_client_report(c, DHCP_REPORT_RENEWED);
	return 0;
}

static int informed(void *context, const void *input)
{
	struct dhcp_client *c = context;

	lease_of_ack(input, c->now, c->now, &c->lease);
	c->lease.address = c->wanted;
	c->has_lease = true;
	c->due = BTIME_NEVER;
	dhcp_client_report(c, DHCP_REPORT_INFORMED);
	return 0;
}

static int refused(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	dhcp_client_report(c, DHCP_REPORT_NAK);
	c->wanted = 0;
	begin_anew(c, 0);
	return 0;
}

static int expired(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	dhcp_client_report(c, DHCP_REPORT_EXPIRED);
	begin_anew(c, 0);
	return 0;
}

static int failed(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	dhcp_client_report(c, DHCP_REPORT_FAILED);
	c->has_lease = false;
	c->due = BTIME_NEVER;
	if (c->config.keep_trying)
		begin_anew(c, c->config.retransmit_max);
	return 0;
}

/* Nobody answered an INIT-REBOOT: an address of any kind is as good. */
static int ask_anybody(void *context, const void *input)
{
	(void)input;
	begin_anew(context, 0);
	return 0;
}

/* RFC 2131 §3.1 point 5: "SHOULD wait a minimum of ten seconds before restarting". */
static int decline(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	new_exchange(c);
	send_decline_message(c);
	dhcp_client_report(c, DHCP_REPORT_DECLINED);
	c->wanted = 0;
	begin_anew(c, c->config.decline_delay);
	return 0;
}

static int release(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	new_exchange(c);
	send_release_message(c);
	dhcp_client_report(c, DHCP_REPORT_RELEASED);
	c->has_lease = false;
	c->due = BTIME_NEVER;
	return 0;
}

static int halt(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	c->has_lease = false;
	c->due = BTIME_NEVER;
	return 0;
}

/* RFC 2131 §4.4.5: half of what remains until `end`, but not less than a minute. */
static int ask_until(struct dhcp_client *c, btime end)
{
	send_request_message(c);
	c->tries++;
	btime left = end > c->now ? end - c->now : 0;
	btime wait = left / 2 > c->config.renew_min ? left / 2 : c->config.renew_min;
	c->due = btime_min(btime_add(c->now, wait), end);
	return 0;
}

static int renew_again(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	return ask_until(c, c->lease.rebinds);
}

static int renew(void *context, const void *input)
{
	new_exchange(context);
	return renew_again(context, input);
}

static int rebind_again(void *context, const void *input)
{
	struct dhcp_client *c = context;
	(void)input;
	return ask_until(c, c->lease.expires);
}

static int rebind(void *context, const void *input)
{
	new_exchange(context);
	return rebind_again(context, input);
}

static bool always(const void *context, const void *input)
{
	(void)context;
	(void)input;
	return true;
}

static bool repeats(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->usual != 0;
}

static bool more_tries(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->tries < c->config.attempts;
}

static bool more_reboots(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->tries < c->config.reboot_attempts;
}

static bool first_wins(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->config.offer_wait <= 0;
}

static bool has_offer(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->offer.address != 0;
}

static bool owner_checks(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->config.check_address;
}

static bool before_rebinding(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->now < c->lease.rebinds;
}

static bool before_expiry(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	(void)input;
	return c->now < c->lease.expires;
}

static bool address_given(const void *context, const void *input)
{
	const struct dhcp_client *c = context;
	const struct dhcp_event *event = input;
	return event->address != 0 || c->has_lease;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }
#define S(name) DHCP_STATE_##name
#define E(name) DHCP_EVENT_##name

static const struct fsm_row rows[] = {
	ROW(S(STOPPED), E(START), always, S(INIT), begin, "RFC 2131 §4.4.1"),
	ROW(FSM_ANY, E(REBOOT), address_given, S(REBOOTING), reboot, "RFC 2131 §4.4.2"),
	ROW(S(STOPPED), E(INFORM), address_given, S(INFORMING), inform, "RFC 2131 §4.4.3"),
	ROW(FSM_ANY, E(STOP), always, S(STOPPED), halt, "RFC 2131 §4.4"),

	ROW(S(INIT), DHCP_TIMER, always, S(SELECTING), discover, "RFC 2131 §4.4.1"),
	ROW(S(SELECTING), DHCP_RX_OFFER, first_wins, S(REQUESTING), take_offer, "RFC 2131 §4.4.1"),
	ROW(S(SELECTING), DHCP_RX_OFFER, always, FSM_SAME, collect_offer, "RFC 2131 §4.4.1"),
	ROW(S(SELECTING), DHCP_TIMER, has_offer, S(REQUESTING), request_offered, "RFC 2131 §4.4.1"),
	ROW(S(SELECTING), DHCP_TIMER, repeats, FSM_SAME, repeat, "RFC 2131 §4.1"),
	ROW(S(SELECTING), DHCP_TIMER, more_tries, FSM_SAME, discover, "RFC 2131 §4.1"),
	ROW(S(SELECTING), DHCP_TIMER, always, S(STOPPED), failed, "RFC 2131 §4.1"),

	ROW(S(REQUESTING), DHCP_RX_ACK, owner_checks, S(CHECKING), ask_owner, "RFC 2131 §4.4.1"),
	ROW(S(REQUESTING), DHCP_RX_ACK, always, S(BOUND), bind_ack, "RFC 2131 §4.4.1"),
	ROW(S(REQUESTING), DHCP_RX_NAK, always, S(INIT), refused, "RFC 2131 §3.1"),
	ROW(S(REQUESTING), DHCP_TIMER, more_tries, FSM_SAME, request, "RFC 2131 §3.1"),
	ROW(S(REQUESTING), DHCP_TIMER, always, S(STOPPED), failed, "RFC 2131 §3.1"),
	ROW(S(CHECKING), E(ADDRESS_FREE), always, S(BOUND), bound, "RFC 2131 §4.4.1"),
	ROW(S(CHECKING), E(ADDRESS_IN_USE), always, S(INIT), decline, "RFC 2131 §4.4.4"),
	ROW(S(CHECKING), DHCP_TIMER, always, S(INIT), expired, "RFC 2131 §4.4.5"),

	ROW(S(BOUND), DHCP_TIMER, always, S(RENEWING), renew, "RFC 2131 §4.4.5"),
	ROW(S(BOUND), E(RENEW), always, S(RENEWING), renew, "RFC 2131 §4.4.5"),
	ROW(S(BOUND), E(REBIND), always, S(REBINDING), rebind, "RFC 2131 §4.4.5"),
	ROW(S(BOUND), E(ADDRESS_IN_USE), always, S(INIT), decline, "RFC 5227 §2.4"),
	ROW(S(RENEWING), DHCP_RX_ACK, always, S(BOUND), renewed, "RFC 2131 §4.4.5"),
	ROW(S(RENEWING), DHCP_RX_NAK, always, S(INIT), refused, "RFC 2131 §4.4.5"),
	ROW(S(RENEWING), DHCP_TIMER, before_rebinding, FSM_SAME, renew_again, "RFC 2131 §4.4.5"),
	ROW(S(RENEWING), DHCP_TIMER, always, S(REBINDING), rebind, "RFC 2131 §4.4.5"),
	ROW(S(RENEWING), E(REBIND), always, S(REBINDING), rebind, "RFC 2131 §4.4.5"),
	ROW(S(RENEWING), E(ADDRESS_IN_USE), always, S(INIT), decline, "RFC 5227 §2.4"),
	ROW(S(REBINDING), DHCP_RX_ACK, always, S(BOUND), renewed, "RFC 2131 §4.4.5"),
	ROW(S(REBINDING), DHCP_RX_NAK, always, S(INIT), refused, "RFC 2131 §4.4.5"),
	ROW(S(REBINDING), DHCP_TIMER, before_expiry, FSM_SAME, rebind_again, "RFC 2131 §4.4.5"),
	ROW(S(REBINDING), DHCP_TIMER, always, S(INIT), expired, "RFC 2131 §4.4.5"),
	ROW(S(REBINDING), E(ADDRESS_IN_USE), always, S(INIT), decline, "RFC 5227 §2.4"),

	ROW(S(REBOOTING), DHCP_RX_ACK, owner_checks, S(CHECKING), ask_owner, "RFC 2131 §4.4.2"),
	ROW(S(REBOOTING), DHCP_RX_ACK, always, S(BOUND), bind_ack, "RFC 2131 §4.4.2"),
	ROW(S(REBOOTING), DHCP_RX_NAK, always, S(INIT), refused, "RFC 2131 §3.2"),
	ROW(S(REBOOTING), DHCP_TIMER, repeats, FSM_SAME, repeat, "RFC 2131 §4.1"),
	ROW(S(REBOOTING), DHCP_TIMER, more_reboots, FSM_SAME, request, "RFC 2131 §3.2"),
	ROW(S(REBOOTING), DHCP_TIMER, always, S(INIT), ask_anybody, "RFC 2131 §3.2"),

	ROW(S(INFORMING), DHCP_RX_ACK, always, S(STOPPED), informed, "RFC 2131 §4.4.3"),
	ROW(S(INFORMING), DHCP_TIMER, more_tries, FSM_SAME, inform_again, "RFC 2131 §4.4.3"),
	ROW(S(INFORMING), DHCP_TIMER, always, S(STOPPED), failed, "RFC 2131 §4.4.3"),

	ROW(S(CHECKING), E(RELEASE), always, S(STOPPED), release, "RFC 2131 §4.4.6"),
	ROW(S(BOUND), E(RELEASE), always, S(STOPPED), release, "RFC 2131 §4.4.6"),
	ROW(S(RENEWING), E(RELEASE), always, S(STOPPED), release, "RFC 2131 §4.4.6"),
	ROW(S(REBINDING), E(RELEASE), always, S(STOPPED), release, "RFC 2131 §4.4.6"),
};
#undef ROW
#undef S
#undef E

const struct fsm dhcp_client_fsm = { "DHCP client", rows, sizeof(rows) / sizeof(*rows), state_names,
	event_names };
