// SPDX-License-Identifier: Apache-2.0
/*
 * The server of RFC 3748, its state machine in the spirit of RFC 4137 §5 (the backend's without
 * the authenticator's retransmission, which is the lower layer's here).
 *
 *     IDLE      before the first request
 *     IDENTITY  the Identity request is out
 *     NOTIFIED  the Notification request is out
 *     PROPOSED  the first request of a method is out; the peer may still refuse it by a Nak
 *     METHOD    the peer has taken part in the method: no Nak any more (RFC 3748 §2.1)
 *
 * A response is taken only with the identifier of the request that is out. As every request has a
 * new one, a doubled response is never worked on twice.
 */
#include "ref/base/crypto.h"
#include "ref/base/fsm.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_method.h"

enum server_state { IDLE, IDENTITY, NOTIFIED, PROPOSED, METHOD, SUCCESS, FAILURE };

enum server_event {
	START,
	RX_IDENTITY,
	RX_NOTIFICATION,
	RX_NAK,
	RX_METHOD,
	METHOD_CONTINUES,
	METHOD_DONE,
	METHOD_FAILED,
};

struct eap_server {
	struct eap_end end; /* first: users hold a pointer to it */
	struct eap_server_config config;
	int state;
	uint8_t current; /* currentId of RFC 4137: of the request that is out */
	const struct eap_server_method *method;
	void *method_state;
	enum eap_type allowed[EAP_METHODS_MAX]; /* the user's methods not yet refused */
	struct reject *reject;			/* of the packet at hand */
};

static void method_finish(struct eap_server *s)
{
	if (s->method)
		s->method->finish(s->method_state);
	s->method = NULL;
	s->method_state = NULL;
}

static int send_request(struct eap_server *s, uint32_t type, struct view data)
{
	struct eap_packet request = {
		.code = EAP_CODE_REQUEST,
		.identifier = s->current,
		.type = type,
		.data = data,
	};
	eap_output(&s->end, &request);
	s->end.status = EAP_OUTPUT;
	return 0;
}

/* RFC 3748 §4.1: a new request has a new identifier. */
static void next_identifier(struct eap_server *s)
{
	if (!MUTANT(eap_server_same_identifier))
		s->current++;
}

static int conclude(struct eap_server *s, bool success)
{
	struct eap_packet result = {
		.code = success ? EAP_CODE_SUCCESS : EAP_CODE_FAILURE,
		.identifier = s->current, /* RFC 3748 §4.2: of the response it answers */
	};
	if (MUTANT(eap_server_wrong_result_identifier))
		result.identifier++;
	if (MUTANT(eap_server_result_with_data))
		result.data = view_text("bye");
	if (success)
		s->end.failure = NULL; /* of a message that was discarded on the way */
	if (s->method)
		s->end.method = eap_type_name(s->method->type);
	method_finish(s);
	eap_output(&s->end, &result);
	s->end.status = success ? EAP_SUCCESS : EAP_FAILURE;
	if (success && MUTANT(eap_server_wrong_msk))
		s->end.msk[0] ^= 1;
	return 0;
}

static int succeed(void *context, const void *input)
{
	(void)input;
	return conclude(context, true);
}

static int refuse(void *context, const void *input)
{
	struct eap_server *s = context;
	(void)input;
	if (!s->end.failure)
		s->end.failure = "the method failed";
	return conclude(s, false);
}

static int refuse_unknown(void *context, const void *input)
{
	struct eap_server *s = context;

	s->end.failure = "nobody has this identity";
	reject_set(s->reject, REJECT_IDENTITY, "Identity", "RFC 3748 §5.1", 5, 0);
	return refuse(context, input);
}

static int refuse_no_method(void *context, const void *input)
{
	struct eap_server *s = context;

	s->end.failure = "no method that the peer accepts is allowed for this user";
	reject_set(s->reject, REJECT_ALGORITHM, "Type", "RFC 3748 §5.3", 5, 0);
	return refuse(context, input);
}

static int ask_identity(void *context, const void *input)
{
	struct eap_server *s = context;
	(void)input;
	next_identifier(s);
	return send_request(s, EAP_TYPE_IDENTITY, VIEW_EMPTY);
}

static int notify(void *context, const void *input)
{
	struct eap_server *s = context;
	(void)input;
	next_identifier(s);
	return send_request(s, EAP_TYPE_NOTIFICATION, view_text(s->config.notification));
}

static int send_method_request(struct eap_server *s)
{
	struct eap_method_context c = { &s->end, NULL, &s->config, s->config.random,
		s->config.mtu - EAP_HEADER_SIZE - 1 };
	uint8_t room[EAP_MTU_MAX];
	struct writer w = writer_of(room, sizeof(room));

	next_identifier(s);
	s->method->request(&c, s->method_state, s->current, &w);
	return send_request(s, s->method->type, writer_view(&w));
}

static int ask_method(void *context, const void *input)
{
	(void)input;
	return send_method_request(context);
}

/* Begins the first allowed method that can be begun; what cannot is struck out. */
static int propose(void *context, const void *input)
{
	struct eap_server *s = context;
	struct eap_method_context c = { &s->end, NULL, &s->config, s->config.random,
		s->config.mtu - EAP_HEADER_SIZE - 1 };

	method_finish(s);
	for (unsigned i = 0; i < EAP_METHODS_MAX; i++) {
		const struct eap_server_method *m = eap_server_method(s->allowed[i]);
		if (m && (s->method_state = m->begin(&c))) {
			s->method = m;
			return send_method_request(s);
		}
		s->allowed[i] = EAP_TYPE_NONE;
	}
	s->state = FAILURE;
	return refuse_no_method(context, input);
}

/* RFC 3748 §5.3.1: the Nak lists what the peer wants instead. */
static int propose_other(void *context, const void *input)
{
	struct eap_server *s = context;
	const struct eap_packet *nak = input;

	if (MUTANT(eap_server_ignores_nak))
		return send_method_request(s);
	for (unsigned i = 0; i < EAP_METHODS_MAX; i++)
		if (s->allowed[i] == s->method->type || nak->data.size == 0 ||
			!memchr(nak->data.data, (int)s->allowed[i], nak->data.size))
			s->allowed[i] = EAP_TYPE_NONE;
	return propose(context, input);
}

static int step(struct eap_server *s, int event, const struct eap_packet *packet);

static int run_method(void *context, const void *input)
{
	struct eap_server *s = context;
	struct eap_method_context c = { &s->end, NULL, &s->config, s->config.random,
		s->config.mtu - EAP_HEADER_SIZE - 1 };

	switch (s->method->process(&c, s->method_state, input, s->reject)) {
	case EAP_STEP_DISCARD:
		return -1;
	case EAP_STEP_CONTINUE:
		if (MUTANT(eap_server_success_without_method))
			return step(s, METHOD_DONE, input);
		return step(s, METHOD_CONTINUES, input);
	case EAP_STEP_MAY_SUCCEED:
	case EAP_STEP_ACCEPTED:
	case EAP_STEP_DONE:
		return step(s, METHOD_DONE, input);
	case EAP_STEP_FAILED:
		if (MUTANT(eap_server_success_after_failure))
			return step(s, METHOD_DONE, input);
		return step(s, METHOD_FAILED, input);
	}
	return -1;
}

static bool find_user(struct eap_server *s, const char *identity)
{
	struct eap_user user = { 0 };
	bool known = s->config.lookup(s->config.lookup_context, identity, &user);

	if (known) {
		strcpy(s->end.identity, identity);
		memcpy(s->allowed, user.methods, sizeof(s->allowed));
	}
	wipe(&user, sizeof(user));
	return known;
}

static bool identity_configured(const void *context, const void *input)
{
	const struct eap_server *s = context;
	(void)input;
	return s->config.identity != NULL;
}

static bool must_notify(const void *context, const void *input)
{
	const struct eap_server *s = context;
	(void)input;
	return s->config.notification && s->allowed[0] != EAP_TYPE_NONE;
}

static bool user_known(const void *context, const void *input)
{
	const struct eap_server *s = context;
	(void)input;
	return s->allowed[0] != EAP_TYPE_NONE;
}

static bool same_method(const void *context, const void *input)
{
	const struct eap_server *s = context;
	const struct eap_packet *response = input;
	return !response->expanded && s->method && response->type == s->method->type;
}

/* RFC 3748 §5.3.2: an expanded Nak answers only an expanded request; this server sends none. */
static bool legacy_nak(const void *context, const void *input)
{
	const struct eap_packet *response = input;
	(void)context;
	return !response->expanded;
}

static bool always(const void *context, const void *input)
{
	(void)context;
	(void)input;
	return true;
}

#define ROW(from, event, guard, to, action, section)                                               \
	{ from, event, guard, to, action, section, #guard, #action }

static const struct fsm_row rows[] = {
	ROW(IDLE, START, must_notify, NOTIFIED, notify, "RFC 3748 §5.2"),
	ROW(IDLE, START, user_known, PROPOSED, propose, "RFC 3748 §5.1"),
	ROW(IDLE, START, identity_configured, FAILURE, refuse_unknown, "RFC 3748 §5.1"),
	ROW(IDLE, START, always, IDENTITY, ask_identity, "RFC 3748 §5.1"),
	ROW(IDENTITY, RX_IDENTITY, must_notify, NOTIFIED, notify, "RFC 3748 §5.2"),
	ROW(IDENTITY, RX_IDENTITY, user_known, PROPOSED, propose, "RFC 4137 §5.5 SELECT_ACTION"),
	ROW(IDENTITY, RX_IDENTITY, always, FAILURE, refuse_unknown, "RFC 3748 §5.1"),
	ROW(NOTIFIED, RX_NOTIFICATION, always, PROPOSED, propose, "RFC 3748 §5.2"),
	ROW(PROPOSED, RX_METHOD, same_method, FSM_SAME, run_method, "RFC 4137 §5.5"),
	ROW(PROPOSED, RX_NAK, legacy_nak, FSM_SAME, propose_other, "RFC 3748 §5.3.1"),
	ROW(METHOD, RX_METHOD, same_method, FSM_SAME, run_method, "RFC 4137 §5.5"),
	ROW(PROPOSED, METHOD_CONTINUES, always, METHOD, ask_method, "RFC 4137 §5.5"),
	ROW(METHOD, METHOD_CONTINUES, always, FSM_SAME, ask_method, "RFC 4137 §5.5"),
	ROW(PROPOSED, METHOD_DONE, always, SUCCESS, succeed, "RFC 3748 §4.2"),
	ROW(METHOD, METHOD_DONE, always, SUCCESS, succeed, "RFC 3748 §4.2"),
	ROW(PROPOSED, METHOD_FAILED, always, FAILURE, refuse, "RFC 3748 §4.2"),
	ROW(METHOD, METHOD_FAILED, always, FAILURE, refuse, "RFC 3748 §4.2"),
};
#undef ROW

static const char *const state_names[] = { "IDLE", "IDENTITY", "NOTIFIED", "PROPOSED", "METHOD",
	"SUCCESS", "FAILURE" };
static const char *const event_names[] = { "START", "RX_IDENTITY", "RX_NOTIFICATION", "RX_NAK",
	"RX_METHOD", "METHOD_CONTINUES", "METHOD_DONE", "METHOD_FAILED" };

const struct fsm eap_server_fsm = { "EAP server", rows, sizeof(rows) / sizeof(*rows), state_names,
	event_names };

static int step(struct eap_server *s, int event, const struct eap_packet *packet)
{
	int row, result = fsm_step(&eap_server_fsm, &s->state, event, s, packet, NULL, &row);

	if (row < 0)
		reject_set(s->reject, REJECT_STATE, "Type", "RFC 3748 §2.1", 4,
			packet ? packet->type : 0);
	return result;
}

static int classify(const struct eap_packet *packet)
{
	if (packet->vendor == 0 && packet->type == EAP_TYPE_IDENTITY)
		return RX_IDENTITY;
	if (packet->vendor == 0 && packet->type == EAP_TYPE_NOTIFICATION)
		return RX_NOTIFICATION;
	if (packet->vendor == 0 && packet->type == EAP_TYPE_NAK)
		return RX_NAK;
	return RX_METHOD;
}

/* RFC 3748 §4.1: the authenticator takes responses, and only to the request that is out. */
static int check_response(const struct eap_server *s, const struct eap_packet *packet,
	struct reject *reject)
{
	if (packet->code != EAP_CODE_RESPONSE && !MUTANT(eap_server_takes_any_code))
		return reject_set(reject, REJECT_TYPE, "Code", "RFC 3748 §4", 0, packet->code);
	if (s->state == IDLE || s->state == SUCCESS || s->state == FAILURE)
		return reject_set(reject, REJECT_STATE, "Code", "RFC 3748 §4.1", 0, packet->code);
	if (packet->identifier != s->current && !MUTANT(eap_server_takes_any_identifier))
		return reject_set(reject, REJECT_SEQUENCE, "Identifier", "RFC 3748 §4.1", 1,
			packet->identifier);
	return 0;
}

static enum eap_status server_input(struct eap_end *end, struct view datagram,
	struct reject *reject)
{
	struct eap_server *s = (struct eap_server *)end;
	char identity[EAP_IDENTITY_MAX + 1];
	struct reject ignored = { 0 };
	struct eap_packet packet;

	s->reject = reject ? reject : &ignored;
	if (eap_decode(datagram, &packet, s->reject) == 0 &&
		check_response(s, &packet, s->reject) == 0) {
		int event = MUTANT(eap_server_takes_any_type) && s->state == IDENTITY ?
			RX_IDENTITY : classify(&packet);
		if (event == RX_IDENTITY && s->state == IDENTITY &&
			eap_identity_copy(packet.data, identity))
			find_user(s, identity);
		step(s, event, &packet);
	}
	if (!s->reject->reason) {
		end->cost.octets += (unsigned)datagram.size;
		end->cost.rounds++;
	}
	s->reject = NULL;
	return end->status;
}

static enum eap_status server_start(struct eap_end *end)
{
	struct eap_server *s = (struct eap_server *)end;
	struct reject ignored = { 0 };

	method_finish(s);
	eap_end_reset(end);
	*end->identity = '\0';
	memset(s->allowed, 0, sizeof(s->allowed));
	s->state = IDLE;
	random_fill(s->config.random, &s->current, sizeof(s->current));
	if (s->config.identity)
		find_user(s, s->config.identity);
	s->reject = &ignored;
	step(s, START, NULL);
	s->reject = NULL;
	return end->status;
}

static void server_destroy(struct eap_end *end)
{
	struct eap_server *s = (struct eap_server *)end;

	method_finish(s);
	eap_end_reset(end);
	free((void *)(uintptr_t)s->config.server_id);
	free((void *)(uintptr_t)s->config.identity);
	free((void *)(uintptr_t)s->config.notification);
	eap_tls_context_free(s->config.tls);
	wipe(s, sizeof(*s));
	free(s);
}

static const struct eap_end_ops server_ops = { server_start, server_input, server_destroy };

static const char *copy_text(const char *text)
{
	char *copy = NULL;
	if (text && !(copy = strdup(text)))
		abort();
	return copy;
}

struct eap_end *eap_server_new(const struct eap_server_config *config)
{
	size_t mtu = config->mtu ? config->mtu : EAP_MTU_DEFAULT;

	if (!config->lookup || !config->random || mtu < EAP_MTU_MIN || mtu > EAP_MTU_MAX)
		return NULL;
	if (config->identity && strlen(config->identity) > EAP_IDENTITY_MAX)
		return NULL;
	struct eap_server *s = eap_alloc(sizeof(*s));
	s->end.ops = &server_ops;
	s->config = *config;
	s->config.mtu = mtu;
	s->config.server_id = copy_text(config->server_id);
	s->config.identity = copy_text(config->identity);
	s->config.notification = copy_text(config->notification);
	s->config.tls = eap_tls_context_hold(config->tls);
	return &s->end;
}

struct view eap_server_again(const struct eap_end *end)
{
	return end->output;
}
