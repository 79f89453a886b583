// SPDX-License-Identifier: Apache-2.0
/* EAP passed through RADIUS (RFC 3579): the authenticator's end of one conversation. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/base/mutant.h"
#include "ref/eap/eap_packet.h"
#include "ref/radius/radius_internal.h"
#include "ref/radius/radius_message.h"

static struct radius_pass *pass_of(struct eap_end *end)
{
	return (struct radius_pass *)end;
}

static enum eap_status set_output(struct radius_pass *pass, enum eap_status status)
{
	pass->end.output = VIEW(pass->to_peer, pass->to_peer_size);
	pass->end.cost.octets += (unsigned)pass->to_peer_size;
	return pass->end.status = status;
}

/* A packet of ours: the identity request, or the failure when no server answers. */
static void write_eap(struct radius_pass *pass, uint8_t code, struct view data)
{
	struct writer w = writer_of(pass->to_peer, sizeof(pass->to_peer));

	write_u8(&w, code);
	write_u8(&w, pass->identifier);
	write_u16(&w, (uint16_t)(EAP_HEADER_SIZE + data.size));
	write_view(&w, data);
	pass->to_peer_size = w.used;
}

static enum eap_status pass_start(struct eap_end *end)
{
	struct radius_pass *pass = pass_of(end);
	static const uint8_t type = EAP_TYPE_IDENTITY;

	if (pass->slot)
		radius_slot_release(pass->client, pass->slot);
	wipe(end->msk, sizeof(end->msk));
	end->has_key = false;
	end->failure = NULL;
	end->cost = (struct eap_cost){ 0 };
	end->identity[0] = '\0';
	pass->state_size = 0;
	pass->identifier++;
	write_eap(pass, EAP_CODE_REQUEST, VIEW(&type, 1));
	return set_output(pass, EAP_OUTPUT);
}

static void learn_identity(struct radius_pass *pass, struct view name)
{
	size_t size = name.size < EAP_IDENTITY_MAX ? name.size : EAP_IDENTITY_MAX;
	memcpy(pass->end.identity, name.data, size);
	pass->end.identity[size] = '\0';
}

/* RFC 3748 §4.1: a response whose Identifier is not that of the request is discarded. */
static int check_response(const struct radius_pass *pass, struct view packet, struct reject *reject)
{
	struct reader r = reader_of(packet);
	uint8_t code = read_u8(&r), identifier = read_u8(&r);
	size_t length = read_u16(&r);

	if (r.failed || length < EAP_HEADER_SIZE + 1 || length > packet.size ||
		length > RADIUS_EAP_MAX)
		return reject_set(reject, REJECT_LENGTH, "Length", "RFC 3748 §4.1", 2, length);
	if (code != EAP_CODE_RESPONSE)
		return reject_set(reject, REJECT_TYPE, "Code", "RFC 3748 §4", 0, code);
	if (identifier != pass->identifier)
		return reject_set(reject, REJECT_SEQUENCE, "Identifier", "RFC 3748 §4.1", 1,
			identifier);
	if (pass->end.status != EAP_OUTPUT)
		return reject_set(reject, REJECT_STATE, NULL, "RFC 3748 §4.1", 0, pass->end.status);
	return (int)length;
}

static enum eap_status pass_input(struct eap_end *end, struct view packet, struct reject *reject)
{
	struct radius_pass *pass = pass_of(end);
	int length = check_response(pass, packet, reject);

	if (length < 0)
		return end->status;
	struct reader r = reader_of(VIEW(packet.data, length));
	read_view(&r, EAP_HEADER_SIZE);
	if (read_u8(&r) == EAP_TYPE_IDENTITY && !end->identity[0])
		learn_identity(pass, read_rest(&r));
	memcpy(pass->to_server, packet.data, (size_t)length);
	pass->to_server_size = (size_t)length;
	end->cost.octets += (unsigned)length;
	end->cost.rounds++;
	if (!pass->queued) {
		pass->queued = true;
		pass->next = pass->client->outbox;
		pass->client->outbox = pass;
	}
	end->output = VIEW_EMPTY;
	return end->status = EAP_WAITING;
}

static void pass_destroy(struct eap_end *end)
{
	struct radius_pass *pass = pass_of(end);

	if (pass->slot)
		radius_slot_release(pass->client, pass->slot);
	for (struct radius_pass **p = &pass->client->outbox; *p; p = &(*p)->next) {
		if (*p == pass) {
			*p = pass->next;
			break;
		}
	}
	wipe(pass, sizeof(*pass));
	free(pass);
}

struct eap_end *radius_eap_new(struct radius_client *client, const struct radius_session *session)
{
	static const struct eap_end_ops ops = { pass_start, pass_input, pass_destroy };
	struct radius_pass *pass = radius_alloc(sizeof(*pass));

	pass->end.ops = &ops;
	pass->client = client;
	pass->session = *session;
	random_fill(client->config.random, &pass->identifier, 1);
	return &pass->end;
}

void *radius_eap_owner(const struct eap_end *end)
{
	return ((const struct radius_pass *)end)->session.owner;
}

uint32_t radius_eap_session_timeout(const struct eap_end *end)
{
	return ((const struct radius_pass *)end)->session_timeout;
}

static void add_text(struct packet *p, enum radius_attribute type, const char *text)
{
	if (text && *text)
		packet_add(p, 0, type, view_text(text));
}

bool radius_pass_attributes(const struct radius_pass *pass, struct packet *p, uint8_t numbers[8])
{
	const struct radius_client_config *config = &pass->client->config;
	const struct endpoint *nas = &config->nas_address;
	struct writer w = writer_of(numbers, 8);

	write_u32(&w, pass->session.mtu ? pass->session.mtu : 1400);
	write_u32(&w, config->nas_port_type);
	/* RFC 3579 §2.1: User-Name is what the peer said in EAP-Response/Identity. */
	if (!MUTANT(radius_user_name_once) || !pass->state_size)
		add_text(p, RADIUS_USER_NAME, pass->end.identity);
	if (nas->family == AF_INET)
		packet_add(p, 0, RADIUS_NAS_IP_ADDRESS, VIEW(nas->address, 4));
	if (nas->family == AF_INET6)
		packet_add(p, 0, RADIUS_NAS_IPV6_ADDRESS, VIEW(nas->address, 16));
	if (!MUTANT(radius_nobody_asks))
		add_text(p, RADIUS_NAS_IDENTIFIER, config->nas_identifier);
	add_text(p, RADIUS_CALLED_STATION_ID, pass->session.called_station);
	add_text(p, RADIUS_CALLING_STATION_ID, pass->session.calling_station);
	packet_add(p, 0, RADIUS_FRAMED_MTU, VIEW(numbers, 4));
	if (config->nas_port_type)
		packet_add(p, 0, RADIUS_NAS_PORT_TYPE, VIEW(numbers + 4, 4));
	/* RFC 2865 §5.24: sent back as it came. */
	if (pass->state_size && !MUTANT(radius_forgets_state))
		packet_add(p, 0, RADIUS_STATE, VIEW(pass->state, pass->state_size));
	if (MUTANT(radius_one_eap_message) && pass->to_server_size > RADIUS_ATTRIBUTE_MAX)
		return radius_add_eap_message(p, VIEW(pass->to_server, RADIUS_ATTRIBUTE_MAX));
	return radius_add_eap_message(p, VIEW(pass->to_server, pass->to_server_size));
}

/* RFC 2548 §2.4.3, RFC 5216 §2.3: the receive key is the first half of the MSK. */
static void take_keys(struct radius_pass *pass, const struct packet *answer, struct view request,
	struct view secret)
{
	uint8_t receive[RADIUS_KEY_MAX], send[RADIUS_KEY_MAX];
	size_t r = radius_mppe_key(answer, MS_MPPE_RECV_KEY, request, secret, receive);
	size_t s = radius_mppe_key(answer, MS_MPPE_SEND_KEY, request, secret, send);

	if (r == EAP_MSK_SIZE / 2 && s == EAP_MSK_SIZE / 2) {
		memcpy(pass->end.msk, receive, r);
		memcpy(pass->end.msk + r, send, s);
		pass->end.has_key = true;
	}
	wipe(receive, sizeof(receive));
	wipe(send, sizeof(send));
}

/*
 * The EAP packet of an answer, ready to be passed on; none when its header is wrong. RFC 3579 §2.2:
 * "the NAS MUST validate the EAP header fields (Code, Identifier, Length) prior to forwarding".
 */
static void take_eap(struct radius_pass *pass, const struct packet *answer)
{
	pass->to_peer_size = radius_eap_message(answer, pass->to_peer, sizeof(pass->to_peer));
	struct reader r = reader_of(VIEW(pass->to_peer, pass->to_peer_size));
	uint8_t code = read_u8(&r);
	read_u8(&r);
	size_t length = read_u16(&r);
	bool typed = code == EAP_CODE_REQUEST || code == EAP_CODE_RESPONSE;
	size_t least = EAP_HEADER_SIZE + (typed ? 1 : 0);

	if (r.failed || code < EAP_CODE_REQUEST || code > EAP_CODE_FAILURE || length < least ||
		length > pass->to_peer_size)
		pass->to_peer_size = 0;
	else
		pass->to_peer_size = length;
}

static void take_accept(struct radius_pass *pass, const struct packet *answer, struct view request,
	struct view secret)
{
	take_keys(pass, answer, request, secret);
	pass->session_timeout = (uint32_t)packet_uint(answer, 0, RADIUS_SESSION_TIMEOUT, 0);
	if (!pass->to_peer_size)
		write_eap(pass, EAP_CODE_SUCCESS, VIEW_EMPTY);
	set_output(pass, EAP_SUCCESS);
}

static void take_challenge(struct radius_pass *pass, const struct packet *answer)
{
	const struct element_value *state = packet_find(answer, 0, RADIUS_STATE);

	if (!pass->to_peer_size || pass->to_peer[0] != EAP_CODE_REQUEST) {
		radius_pass_fail(pass, "the AAA server's challenge holds no EAP request");
		return;
	}
	if (state && state->value.size <= sizeof(pass->state)) {
		memcpy(pass->state, state->value.data, state->value.size);
		pass->state_size = state->value.size;
	}
	pass->identifier = pass->to_peer[1];
	set_output(pass, EAP_OUTPUT);
}

/*
 * RFC 3579 §2.6.3: "The NAS MUST make its access control decision based solely on the RADIUS Packet
 * Type"; the EAP packet goes to the peer as it is, even one that says the contrary.
 */
void radius_pass_answer(struct radius_pass *pass, const struct packet *answer, struct view request,
	struct view secret)
{
	take_eap(pass, answer);
	pass->state_size = 0;
	switch ((enum radius_code)answer->header[RADIUS_CODE]) {
	case RADIUS_ACCESS_ACCEPT:
		take_accept(pass, answer, request, secret);
		break;
	case RADIUS_ACCESS_CHALLENGE:
		take_challenge(pass, answer);
		break;
	case RADIUS_ACCESS_REJECT:
	case RADIUS_ACCESS_REQUEST:
		if (!pass->to_peer_size)
			write_eap(pass, EAP_CODE_FAILURE, VIEW_EMPTY);
		pass->end.failure = "the AAA server rejects";
		set_output(pass, EAP_FAILURE);
		break;
	}
}

void radius_pass_fail(struct radius_pass *pass, const char *why)
{
	write_eap(pass, EAP_CODE_FAILURE, VIEW_EMPTY);
	wipe(pass->end.msk, sizeof(pass->end.msk));
	pass->end.has_key = false;
	pass->end.failure = why;
	set_output(pass, EAP_FAILURE);
}
