// SPDX-License-Identifier: Apache-2.0
/* The relay agent of a security gateway, RFC 3456 §4.2: what it changes, and what it does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ref/dhcp/dhcp_relay.h"

#define HTYPE_IPSEC_TUNNEL 31

static const struct dhcp_relay relay = { .address = 0x0a020001, .subnet = 0x0a030000 };

static uint8_t room[1024], out[1024];

static struct view encoded(struct dhcp_packet *p)
{
	struct writer w = writer_of(room, sizeof(room));

	dhcp_encode(p, &w);
	assert_false(w.failed);
	return writer_view(&w);
}

static struct dhcp_packet discover(void)
{
	struct dhcp_packet p = dhcp_packet_of(DHCP_DISCOVER);
	static const uint8_t id[] = { HTYPE_IPSEC_TUNNEL, 2, 0, 0, 0, 0, 9 };

	p.packet.header[DHCP_HTYPE] = HTYPE_IPSEC_TUNNEL;
	p.packet.header[DHCP_XID] = 0x01020304;
	p.packet.header[DHCP_FLAGS] = DHCP_FLAG_BROADCAST;
	memcpy(p.chaddr, id + 1, 6);
	dhcp_add(&p, DHCP_OPTION_CLIENT_ID, VIEW_OF(id));
	return p;
}

static struct dhcp_packet answer_of(enum dhcp_message_type type, const struct dhcp_packet *request)
{
	struct dhcp_packet p = dhcp_packet_of(type);
	static const uint8_t server[] = { 10, 2, 0, 2 }, hour[] = { 0, 0, 14, 16 };

	p.packet.header[DHCP_XID] = request->packet.header[DHCP_XID];
	p.packet.header[DHCP_FLAGS] = request->packet.header[DHCP_FLAGS];
	p.packet.header[DHCP_GIADDR] = relay.address;
	p.packet.header[DHCP_YIADDR] = type == DHCP_NAK ? 0 : 0x0a030064;
	dhcp_add(&p, DHCP_OPTION_SERVER_ID, VIEW_OF(server));
	if (type != DHCP_NAK)
		dhcp_add(&p, DHCP_OPTION_LEASE_TIME, VIEW_OF(hour));
	return p;
}

/* Everything is as it was but hops, giaddr and the option, which is the last one. */
static void test_request(void **state)
{
	static const uint8_t information[] = { 1, 4, 0, 0, 0, 7, 5, 4, 10, 3, 0, 0 };
	struct dhcp_packet p = discover(), q;
	struct writer w = writer_of(out, sizeof(out));
	uint8_t option[64];

	(void)state;
	assert_int_equal(dhcp_relay_request(&relay, 7, encoded(&p), &w, NULL), 0);
	assert_int_equal(w.used, DHCP_MESSAGE_MIN);
	assert_int_equal(dhcp_decode(writer_view(&w), &q, NULL), 0);
	assert_int_equal(q.packet.header[DHCP_HOPS], 1);
	assert_int_equal(q.packet.header[DHCP_GIADDR], relay.address);
	assert_int_equal(q.packet.header[DHCP_HTYPE], HTYPE_IPSEC_TUNNEL);
	assert_int_equal(q.packet.header[DHCP_XID], 0x01020304);
	assert_int_equal(q.packet.header[DHCP_FLAGS], DHCP_FLAG_BROADCAST);
	assert_memory_equal(q.chaddr, p.chaddr, sizeof(q.chaddr));
	assert_int_equal(q.packet.element_count, p.packet.element_count + 1);
	assert_int_equal(q.packet.elements[q.packet.element_count - 1].code,
		DHCP_OPTION_RELAY_AGENT);
	assert_int_equal(dhcp_option_copy(&q, DHCP_OPTION_RELAY_AGENT, option, sizeof(option)),
		sizeof(information));
	assert_memory_equal(option, information, sizeof(information));
}

/* RFC 3046 §2.1: without room for the option the message goes on without it. */
static void test_no_room(void **state)
{
	static const uint8_t zero[240];
	struct dhcp_packet p = discover(), q;

	(void)state;
	dhcp_add(&p, DHCP_OPTION_VENDOR_CLASS, VIEW_OF(zero));
	struct view message = encoded(&p);
	for (size_t size = 1; size < message.size + 20; size++) {
		struct writer w = writer_of(out, size);
		int result = dhcp_relay_request(&relay, 7, message, &w, NULL);
		if (size < message.size) {
			assert_int_equal(result, -1);
			continue;
		}
		assert_int_equal(result, 0);
		assert_int_equal(dhcp_decode(writer_view(&w), &q, NULL), 0);
		assert_int_equal(packet_find(&q.packet, 0, DHCP_OPTION_RELAY_AGENT) != NULL,
			size >= message.size + 14);
	}
}

static void refused(struct dhcp_packet *p, enum reject_reason reason, const char *field)
{
	struct writer w = writer_of(out, sizeof(out));
	struct reject reject = { 0 };

	assert_int_equal(dhcp_relay_request(&relay, 7, encoded(p), &w, &reject), -1);
	assert_string_equal(reject_name(reject.reason), reject_name(reason));
	assert_string_equal(reject.field, field);
}

static void test_refused_requests(void **state)
{
	static const uint8_t information[] = { 1, 4, 0, 0, 0, 7 };
	struct dhcp_packet p = discover();

	(void)state;
	p.packet.header[DHCP_OP] = DHCP_BOOTREPLY;
	refused(&p, REJECT_TYPE, "op");
	p = discover();
	p.packet.header[DHCP_HOPS] = DHCP_RELAY_HOPS_MAX;
	refused(&p, REJECT_VALUE, "hops");
	p = discover();
	p.packet.header[DHCP_GIADDR] = relay.address;
	refused(&p, REJECT_ADDRESS, "giaddr");
	p = discover();
	dhcp_add(&p, DHCP_OPTION_RELAY_AGENT, VIEW_OF(information));
	refused(&p, REJECT_UNEXPECTED, "Relay Agent Information");
}

/* An answer to what the relay has sent: whose it is, where it goes, and the option is out again. */
static void test_answer(void **state)
{
	static const uint8_t information[] = { 2, 1, 9, 1, 4, 0, 0, 0, 7 };
	static const enum dhcp_message_type types[] = { DHCP_OFFER, DHCP_ACK, DHCP_NAK };
	struct dhcp_packet request = discover(), q;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (int broadcast = 0; broadcast < 2; broadcast++) {
			struct dhcp_packet p = answer_of(types[i], &request);
			struct writer w = writer_of(out, sizeof(out));
			struct dhcp_relay_answer a;

			p.packet.header[DHCP_FLAGS] = broadcast ? DHCP_FLAG_BROADCAST : 0;
			p.packet.header[DHCP_CIADDR] = 0x0a030065; /* what it asked from */
			dhcp_add(&p, DHCP_OPTION_RELAY_AGENT, VIEW_OF(information));
			assert_int_equal(dhcp_relay_answer(&relay, encoded(&p), &a, &w, NULL), 0);
			assert_int_equal(a.circuit, 7);
			assert_int_equal(a.type, types[i]);
			assert_int_equal(a.address, types[i] == DHCP_ACK ? 0x0a030064 : 0);
			assert_int_equal(a.to,
				broadcast || types[i] == DHCP_NAK ? UINT32_MAX : 0x0a030064);
			assert_int_equal(dhcp_decode(writer_view(&w), &q, NULL), 0);
			assert_null(packet_find(&q.packet, 0, DHCP_OPTION_RELAY_AGENT));
			assert_int_equal(q.packet.element_count, p.packet.element_count - 1);
		}
}

/* RFC 2131 §4.3.5: a DHCPINFORM is answered to where it came from, and gives no address. */
static void test_answer_to_inform(void **state)
{
	static const uint8_t information[] = { 1, 4, 0, 0, 0, 7 };
	struct dhcp_packet request = discover(), p = answer_of(DHCP_ACK, &request);
	struct writer w = writer_of(out, sizeof(out));
	struct dhcp_relay_answer a;

	(void)state;
	p.packet.header[DHCP_FLAGS] = p.packet.header[DHCP_YIADDR] = 0;
	p.packet.header[DHCP_CIADDR] = 0x0a030065;
	dhcp_add(&p, DHCP_OPTION_RELAY_AGENT, VIEW_OF(information));
	assert_int_equal(dhcp_relay_answer(&relay, encoded(&p), &a, &w, NULL), 0);
	assert_int_equal(a.to, 0x0a030065);
	assert_int_equal(a.address, 0);
}

static void answer_refused(struct dhcp_packet *p, enum reject_reason reason, const char *field)
{
	struct writer w = writer_of(out, sizeof(out));
	struct dhcp_relay_answer a;
	struct reject reject = { 0 };

	assert_int_equal(dhcp_relay_answer(&relay, encoded(p), &a, &w, &reject), -1);
	assert_string_equal(reject_name(reject.reason), reject_name(reason));
	assert_string_equal(reject.field, field);
}

static void test_refused_answers(void **state)
{
	static const uint8_t good[] = { 1, 4, 0, 0, 0, 7 }, cut[] = { 1, 4, 0, 0, 0 },
		other[] = { 2, 4, 0, 0, 0, 7 }, narrow[] = { 1, 2, 0, 7 },
		wide[] = { 1, 8, 0, 0, 0, 7, 0, 0, 0, 0 };
	const struct view wrong[] = { VIEW_OF(cut), VIEW_OF(other), VIEW_OF(narrow), VIEW_OF(wide) };
	struct dhcp_packet request = discover(), p = answer_of(DHCP_OFFER, &request);

	(void)state;
	answer_refused(&p, REJECT_MISSING, "Agent Circuit ID");
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		p = answer_of(DHCP_OFFER, &request);
		dhcp_add(&p, DHCP_OPTION_RELAY_AGENT, wrong[i]);
		answer_refused(&p, REJECT_MISSING, "Agent Circuit ID");
	}
	p = answer_of(DHCP_OFFER, &request);
	dhcp_add(&p, DHCP_OPTION_RELAY_AGENT, VIEW_OF(good));
	p.packet.header[DHCP_GIADDR]++;
	answer_refused(&p, REJECT_ADDRESS, "giaddr");
	p.packet.header[DHCP_GIADDR]--;
	p.packet.header[DHCP_OP] = DHCP_BOOTREQUEST;
	answer_refused(&p, REJECT_TYPE, "op");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_to_inform),
		cmocka_unit_test(test_refused_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
