// SPDX-License-Identifier: Apache-2.0
/*
 * The peer of RFC 3748, its state machine in the spirit of RFC 4137 §4.
 *
 * RFC 4137 has states between two packets and states inside the handling of one; only the former
 * are states here. A packet is first sorted into an event (its code and type, and whether it is a
 * request answered before), then the rows say what happens to it; no row means that it is silently
 * discarded. What a method makes of a packet comes back as an event of its own.
 *
 *     IDLE      no method yet: identity, notification, and the first method request
 *     METHOD    one method is under way; nothing else is taken but notifications (RFC 3748 §2.1)
 *     ACCEPTED  it is over, and the server's EAP-Success or EAP-Failure decides
 *     DONE      it is over and the server has proved itself: EAP-Failure comes too late (§4.2)
 *     REFUSED   it is over and lost: only EAP-Failure is believed
 *
 * Not here: retransmission (a peer has none, RFC 3748 §4.1), sequences of methods (§2.1 forbids
 * them), and user interaction.
 */
#include "ref/base/crypto.h"
#include "ref/base/fsm.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"

#define NOTIFICATION_MAX 1015 /* RFC 3748 §5.2 */

enum peer_state { IDLE, METHOD, ACCEPTED, DONE, REFUSED, SUCCESS, FAILURE };

enum peer_event {
	RX_DUPLICATE,
	RX_IDENTITY,
	RX_NOTIFICATION,
	RX_METHOD,
	RX_SUCCESS,
	RX_FAILURE,
	METHOD_CONTINUES,
	METHOD_ACCEPTED,
	METHOD_DONE,
	METHOD_FAILED,
	LOWER_ACCEPTS,
	LOWER_REJECTS,
};

struct eap_peer {
	struct eap_end end; /* first: users hold a pointer to it */
	struct eap_peer_config config;
	struct random *random;
	int state;
	const struct eap_peer_method *method;
	void *method_state;
	bool may_succeed;  /* methodState MAY_CONT with decision COND_SUCC */
	bool answered;	   /* `last` holds an identifier that was answered */
	uint8_t last;	   /* lastId of RFC 4137 */
	uint8_t psk[EAP_PSK_SIZE];
	struct reject *reject; /* of the packet at hand */
	char *notification;    /* the last one's text, or NULL */
};

/* Sends a response to `request` with the octets of `data`. */
static int respond(struct eap_peer *p, const struct eap_packet *request, uint32_t type,
	bool expanded, struct view data)
{
	struct eap_packet response = {
		.code = EAP_CODE_RESPONSE,
		.identifier = request->identifier,
		.type = type,
		.expanded = expanded,
		.data = data,
	};
	if (MUTANT(eap_peer_wrong_identifier))
		response.identifier++;
	eap_output(&p->end, &response);
	p->last = request->identifier;
	p->answered = true;
	p->end.status = EAP_OUTPUT;
	return 0;
}

static int resend(void *context, const void *input)
{
	struct eap_peer *p = context;
	(void)input;
	p->end.status = EAP_OUTPUT;
	return 0;
}

static int send_identity(void *context, const void *input)
{
	struct eap_peer *p = context;
	const struct eap_packet *request = input;
	const char *identity = p->config.anonymous ? p->config.anonymous : p->config.identity;
	struct view text = view_text(identity);

	if (MUTANT(eap_peer_identity_with_zero))
		text.size++;
	return respond(p, request, EAP_TYPE_IDENTITY, request->expanded, text);
}

static int send_notification(void *context, const void *input)
{
	struct eap_peer *p = context;
	const struct eap_packet *request = input;
	size_t size = request->data.size < NOTIFICATION_MAX ? request->data.size : NOTIFICATION_MAX;

	free(p->notification);
	p->notification = eap_alloc(size + 1);
	if (size)
		memcpy(p->notification, request->data.data, size);
	if (MUTANT(eap_peer_notification_with_data))
		return respond(p, request, EAP_TYPE_NOTIFICATION, false, request->data);
	return respond(p, request, EAP_TYPE_NOTIFICATION, request->expanded, VIEW_EMPTY);
}

static bool wants(const struct eap_peer *p, uint32_t type)
{
	const struct eap_peer_method *method = eap_peer_method(type);

	if (!method || !method->possible(&p->config))
		return false;
	if (p->config.methods[0] == EAP_TYPE_NONE)
		return true;
	for (unsigned i = 0; i < EAP_METHODS_MAX; i++)
		if (p->config.methods[i] == type)
			return true;
	return false;
}

/* The method types this peer wants, the best first; returns how many. */
static unsigned wanted(const struct eap_peer *p, uint8_t types[EAP_METHODS_MAX])
{
	static const enum eap_type all[EAP_METHODS_MAX] = { EAP_TYPE_TLS, EAP_TYPE_PSK,
		EAP_TYPE_MD5 };
	const enum eap_type *list = p->config.methods[0] ? p->config.methods : all;
	unsigned count = 0;

	for (unsigned i = 0; i < EAP_METHODS_MAX && list[i]; i++)
		if (wants(p, list[i]))
			types[count++] = (uint8_t)list[i];
	return count;
}

/* RFC 3748 §5.3.1 in answer to an ordinary type, §5.3.2 to an expanded one. Type 0: no other. */
static int send_nak(void *context, const void *input)
{
	struct eap_peer *p = context;
	const struct eap_packet *request = input;
	uint8_t types[EAP_METHODS_MAX] = { 0 }, room[EAP_EXPANDED_SIZE * EAP_METHODS_MAX];
	unsigned count = wanted(p, types);
	struct writer w = writer_of(room, sizeof(room));

	for (unsigned i = 0; i < (count ? count : 1); i++) {
		if (request->expanded) {
			write_u8(&w, EAP_TYPE_EXPANDED);
			write_uint(&w, 0, 3);
			write_u32(&w, types[i]);
		} else {
			write_u8(&w, types[i]);
		}
	}
	if (MUTANT(eap_peer_sends_no_nak))
		return -1;
	if (MUTANT(eap_peer_empty_nak))
		w.used = 0;
	return respond(p, request, EAP_TYPE_NAK, request->expanded, writer_view(&w));
}

static void method_finish(struct eap_peer *p)
{
	if (p->method)
		p->method->finish(p->method_state);
	p->method = NULL;
	p->method_state = NULL;
	p->may_succeed = false;
}

static int step(struct eap_peer *p, int event, const struct eap_packet *packet);

/* Lets the method have the request. Its answer is sent, then its result is an event. */
static int run_method(void *context, const void *input)
{
	static const int events[] = {
		[EAP_STEP_CONTINUE] = METHOD_CONTINUES,
		[EAP_STEP_MAY_SUCCEED] = METHOD_CONTINUES,
		[EAP_STEP_ACCEPTED] = METHOD_ACCEPTED,
		[EAP_STEP_DONE] = METHOD_DONE,
		[EAP_STEP_FAILED] = METHOD_FAILED,
	};
	struct eap_peer *p = context;
	const struct eap_packet *request = input;
	struct eap_method_context c = { &p->end, &p->config, NULL, p->random,
		p->config.mtu - EAP_HEADER_SIZE - 1 };
	uint8_t room[EAP_MTU_MAX];
	struct writer w = writer_of(room, sizeof(room));

	enum eap_step done = p->method->process(&c, p->method_state, request, &w, p->reject);
	if (done == EAP_STEP_DISCARD)
		return -1;
	p->may_succeed = done == EAP_STEP_MAY_SUCCEED;
	bool silent = done == EAP_STEP_FAILED && w.used == 0;
	p->end.status = EAP_FAILURE;
	if (!silent)
		respond(p, request, request->type, false, writer_view(&w));
	return step(p, events[done], request);
}

static int begin_method(void *context, const void *input)
{
	struct eap_peer *p = context;
	const struct eap_packet *request = input;
	struct eap_method_context c = { &p->end, &p->config, NULL, p->random, 0 };

	p->method = eap_peer_method(request->type);
	p->method_state = p->method->begin(&c);
	int result = run_method(context, input);
	if (result < 0) { /* discarded: not even the first request of this method was good */
		method_finish(p);
		p->state = IDLE;
	}
	return result;
}

static int method_over(void *context, const void *input)
{
	struct eap_peer *p = context;
	(void)input;
	p->end.method = eap_type_name(p->method->type);
	if (MUTANT(eap_peer_wrong_msk))
		p->end.msk[0] ^= 1;
	method_finish(p);
	return 0;
}

/* The method has failed. What it wrote is on its way, and EAP-Failure comes; or all is over. */
static int method_lost(void *context, const void *input)
{
	struct eap_peer *p = context;

	method_over(context, input);
	if (!p->end.failure)
		p->end.failure = "the method failed";
	if (p->end.status == EAP_FAILURE)
		p->state = FAILURE;
	return 0;
}

static int accept(void *context, const void *input)
{
	struct eap_peer *p = context;

	if (p->method)
		method_over(context, input);
	p->end.failure = NULL; /* of a message that was discarded on the way */
	eap_output_clear(&p->end);
	p->end.status = EAP_SUCCESS;
	return 0;
}

static int give_up(void *context, const void *input)
{
	struct eap_peer *p = context;
	(void)input;
	method_finish(p);
	if (!p->end.failure)
		p->end.failure = "the server refused";
	if (p->end.cost.resumed) /* perhaps that was why: in full the next time */
		eap_tls_context_forget(p->config.tls);
	eap_output_clear(&p->end);
	wipe(p->end.msk, sizeof(p->end.msk));
	wipe(p->end.emsk, sizeof(p->end.emsk));
	p->end.has_key = false;
	p->end.status = EAP_FAILURE;
	return 0;
}

static bool method_wanted(const void *context, const void *input)
{
	const struct eap_packet *request = input;
	/* The expanded form of our methods is answered by a Nak that names the plain one. */
	return !request->expanded && wants(context, request->type);
}

static bool is_method_type(const void *context, const void *input)
{
	const struct eap_packet *request = input;
	(void)context;
	return request->expanded || request->type > EAP_TYPE_NAK ||
		MUTANT(eap_peer_naks_notification);
}

static bool same_method(const void *context, const void *input)
{
	const struct eap_peer *p = context;
	const struct eap_packet *request = input;
	return !request->expanded && p->method && request->type == p->method->type;
}

/* RFC 3748 §4.2: "Identifier [...] MUST match the Identifier field of the Response packet that it
 * is sent in response to." */
static bool answers_last(const void *context, const void *input)
{
	const struct eap_peer *p = context;
	const struct eap_packet *result = input;
	if (MUTANT(eap_peer_takes_any_result_identifier))
		return true;
	return p->answered && result->identifier == p->last;
}

static bool keyless_refused(const struct eap_peer *p)
{
	return p->config.refuse_keyless && !p->end.has_key;
}

static bool success_fits(const void *context, const void *input)
{
	return answers_last(context, input) && !keyless_refused(context);
}

static bool success_comes_early(const void *context, const void *input)
{
	const struct eap_peer *p = context;
	if (MUTANT(eap_peer_success_without_method))
		return true;
	return p->may_succeed && success_fits(context, input);
}

static bool lower_may_accept(const void *context, const void *input)
{
	const struct eap_peer *p = context;
	(void)input;
	return (p->state == DONE || p->state == ACCEPTED || p->may_succeed) && !keyless_refused(p);
}

static bool always(const void *context, const void *input)
{
	(void)context;
	(void)input;
	return true;
}

static int nothing(void *context, const void *input)
{
	(void)context;
	(void)input;
	return 0;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }

static const struct fsm_row rows[] = {
	ROW(IDLE, RX_DUPLICATE, always, FSM_SAME, resend, "RFC 3748 §4.1"),
	ROW(METHOD, RX_DUPLICATE, always, FSM_SAME, resend, "RFC 3748 §4.1"),
	ROW(ACCEPTED, RX_DUPLICATE, always, FSM_SAME, resend, "RFC 3748 §4.1"),
	ROW(DONE, RX_DUPLICATE, always, FSM_SAME, resend, "RFC 3748 §4.1"),
	ROW(REFUSED, RX_DUPLICATE, always, FSM_SAME, resend, "RFC 3748 §4.1"),

	ROW(IDLE, RX_IDENTITY, always, FSM_SAME, send_identity, "RFC 3748 §5.1"),
	ROW(IDLE, RX_NOTIFICATION, always, FSM_SAME, send_notification, "RFC 3748 §5.2"),
	ROW(METHOD, RX_NOTIFICATION, always, FSM_SAME, send_notification, "RFC 3748 §5.2"),

	ROW(IDLE, RX_METHOD, method_wanted, METHOD, begin_method, "RFC 4137 §4.5 GET_METHOD"),
	ROW(IDLE, RX_METHOD, is_method_type, FSM_SAME, send_nak, "RFC 3748 §5.3"),
	ROW(METHOD, RX_METHOD, same_method, FSM_SAME, run_method, "RFC 4137 §4.5 METHOD"),
	ROW(METHOD, METHOD_CONTINUES, always, FSM_SAME, nothing, "RFC 4137 §4.2 CONT"),
	ROW(METHOD, METHOD_ACCEPTED, always, ACCEPTED, method_over, "RFC 4137 §4.2 COND_SUCC"),
	ROW(METHOD, METHOD_DONE, always, DONE, method_over, "RFC 4137 §4.2 UNCOND_SUCC"),
	ROW(METHOD, METHOD_FAILED, always, REFUSED, method_lost, "RFC 4137 §4.2 FAIL"),

	ROW(IDLE, RX_SUCCESS, success_comes_early, SUCCESS, accept, "RFC 3748 §4.2"),
	ROW(METHOD, RX_SUCCESS, success_comes_early, SUCCESS, accept, "RFC 4137 §4.2 MAY_CONT"),
	ROW(ACCEPTED, RX_SUCCESS, success_fits, SUCCESS, accept, "RFC 3748 §4.2"),
	ROW(DONE, RX_SUCCESS, success_fits, SUCCESS, accept, "RFC 3748 §4.2"),

	ROW(IDLE, RX_FAILURE, answers_last, FAILURE, give_up, "RFC 3748 §4.2"),
	ROW(METHOD, RX_FAILURE, answers_last, FAILURE, give_up, "RFC 3748 §4.2"),
	ROW(ACCEPTED, RX_FAILURE, answers_last, FAILURE, give_up, "RFC 3748 §4.2"),
	ROW(REFUSED, RX_FAILURE, answers_last, FAILURE, give_up, "RFC 3748 §4.2"),

	ROW(FSM_ANY, LOWER_ACCEPTS, lower_may_accept, SUCCESS, accept, "RFC 4137 §4.1.1"),
	ROW(DONE, LOWER_REJECTS, always, FSM_SAME, nothing, "RFC 4137 §4.1.1 altReject"),
	ROW(SUCCESS, LOWER_REJECTS, always, FSM_SAME, nothing, "RFC 4137 §4.1.1 altReject"),
	ROW(FSM_ANY, LOWER_REJECTS, always, FAILURE, give_up, "RFC 4137 §4.1.1"),
};
#undef ROW

static const char *const state_names[] = { "IDLE", "METHOD", "ACCEPTED", "DONE", "REFUSED",
	"SUCCESS", "FAILURE" };
static const char *const event_names[] = { "RX_DUPLICATE", "RX_IDENTITY", "RX_NOTIFICATION",
	"RX_METHOD", "RX_SUCCESS", "RX_FAILURE", "METHOD_CONTINUES", "METHOD_ACCEPTED",
	"METHOD_DONE", "METHOD_FAILED", "LOWER_ACCEPTS", "LOWER_REJECTS" };

const struct fsm eap_peer_fsm = { "EAP peer", rows, sizeof(rows) / sizeof(*rows), state_names,
	event_names };

static int step(struct eap_peer *p, int event, const struct eap_packet *packet)
{
	int row, result = fsm_step(&eap_peer_fsm, &p->state, event, p, packet, NULL, &row);

	if (row < 0)
		reject_set(p->reject, REJECT_STATE, "Code", "RFC 3748 §2.1", 0,
			packet ? packet->code : 0);
	return result;
}

/* Sorts a packet into its event; -1 for what a peer never takes. */
static int classify(const struct eap_peer *p, const struct eap_packet *packet,
	struct reject *reject)
{
	switch ((enum eap_code)packet->code) {
	case EAP_CODE_SUCCESS:
		return RX_SUCCESS;
	case EAP_CODE_FAILURE:
		return RX_FAILURE;
	case EAP_CODE_RESPONSE:
		if (MUTANT(eap_peer_answers_responses))
			break;
		return reject_set(reject, REJECT_TYPE, "Code", "RFC 3748 §4.1", 0, packet->code);
	case EAP_CODE_REQUEST:
		break;
	}
	if (p->answered && packet->identifier == p->last && !MUTANT(eap_peer_no_duplicate_check))
		return RX_DUPLICATE;
	if (packet->vendor == 0 && packet->type == EAP_TYPE_IDENTITY)
		return RX_IDENTITY;
	if (packet->vendor == 0 && packet->type == EAP_TYPE_NOTIFICATION)
		return MUTANT(eap_peer_naks_notification) ? RX_METHOD : RX_NOTIFICATION;
	return RX_METHOD;
}

static enum eap_status peer_input(struct eap_end *end, struct view datagram, struct reject *reject)
{
	struct eap_peer *p = (struct eap_peer *)end;
	struct reject ignored = { 0 };
	struct eap_packet packet;

	p->reject = reject ? reject : &ignored;
	if (eap_decode(datagram, &packet, p->reject) < 0)
		return end->status;
	int event = classify(p, &packet, p->reject);
	if (MUTANT(eap_peer_naks_in_method) && event == RX_METHOD && p->state == METHOD &&
		!same_method(p, &packet))
		send_nak(p, &packet);
	else if (event >= 0)
		step(p, event, &packet);
	if (!p->reject->reason)
		end->cost.octets += (unsigned)datagram.size;
	p->reject = NULL;
	return end->status;
}

static enum eap_status peer_start(struct eap_end *end)
{
	struct eap_peer *p = (struct eap_peer *)end;

	method_finish(p);
	eap_end_reset(end);
	p->state = IDLE;
	p->answered = false;
	free(p->notification);
	p->notification = NULL;
	return end->status;
}

static void free_text(const char *text)
{
	if (!text)
		return;
	wipe((void *)(uintptr_t)text, strlen(text));
	free((void *)(uintptr_t)text);
}

static const char *copy_text(const char *text)
{
	char *copy = NULL;
	if (text && !(copy = strdup(text)))
		abort();
	return copy;
}

static void peer_destroy(struct eap_end *end)
{
	struct eap_peer *p = (struct eap_peer *)end;

	method_finish(p);
	eap_end_reset(end);
	free(p->notification);
	free_text(p->config.identity);
	free_text(p->config.anonymous);
	free_text(p->config.password);
	free_text(p->config.server_id);
	eap_tls_context_free(p->config.tls);
	wipe(p, sizeof(*p));
	free(p);
}

static const struct eap_end_ops peer_ops = { peer_start, peer_input, peer_destroy };

struct eap_end *eap_peer_new(const struct eap_peer_config *config)
{
	size_t mtu = config->mtu ? config->mtu : EAP_MTU_DEFAULT;
	uint8_t types[EAP_METHODS_MAX];

	if (!config->identity || strlen(config->identity) > EAP_IDENTITY_MAX || !config->random ||
		mtu < EAP_MTU_MIN || mtu > EAP_MTU_MAX)
		return NULL;
	if (config->anonymous && strlen(config->anonymous) > EAP_IDENTITY_MAX)
		return NULL;
	struct eap_peer *p = eap_alloc(sizeof(*p));
	p->end.ops = &peer_ops;
	p->config = *config;
	p->config.mtu = mtu;
	p->random = config->random;
	p->config.identity = copy_text(config->identity);
	p->config.anonymous = copy_text(config->anonymous);
	p->config.password = copy_text(config->password);
	p->config.server_id = copy_text(config->server_id);
	p->config.tls = eap_tls_context_hold(config->tls);
	if (config->psk) {
		memcpy(p->psk, config->psk, sizeof(p->psk));
		p->config.psk = p->psk;
	}
	strcpy(p->end.identity, config->identity);
	peer_start(&p->end);
	if (wanted(p, types) > 0)
		return &p->end;
	peer_destroy(&p->end);
	return NULL;
}

enum eap_status eap_peer_lower_layer_result(struct eap_end *end, bool accepted)
{
	struct eap_peer *p = (struct eap_peer *)end;
	struct reject ignored = { 0 };

	p->reject = &ignored;
	step(p, accepted ? LOWER_ACCEPTS : LOWER_REJECTS, NULL);
	p->reject = NULL;
	return end->status;
}

const char *eap_peer_notification(const struct eap_end *end)
{
	const struct eap_peer *p = (const struct eap_peer *)end;
	return p->notification ? p->notification : "";
}
