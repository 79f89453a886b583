// SPDX-License-Identifier: Apache-2.0
/* IKE as the suite language sees it: names, what is spread out and put together again, proposals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "testbed/suite/ike_message.h"
#include "ref/ike/ike_proposal.h"

/* Every notification that ref/ike has a name for is an element of that name, and no other is. */
static void notifications_have_their_names(void **state)
{
	unsigned known = 0, here = 0;
	(void)state;

	for (const struct name *n = ike_notify_names; n->name; n++, known++) {
		const struct element *e = protocol_element(&ike_suite_protocol, n->value,
			IKE_PAYLOAD_NOTIFY);
		assert_non_null(e);
		assert_string_equal(e->name, n->name);
	}
	for (const struct element *e = ike_suite_protocol.elements; e->name; e++)
		here += e->code == IKE_PAYLOAD_NOTIFY && e->vendor && e->vendor <= UINT16_MAX;
	assert_int_equal(here, known);
}

static void payloads_of_the_engine_are_there(void **state)
{
	(void)state;
	for (const struct element *e = ike_protocol.elements; e->name; e++) {
		assert_non_null(protocol_element(&ike_suite_protocol, 0, e->code));
		assert_non_null(protocol_element_named(&ike_suite_protocol, e->name));
	}
}

static void proposals_are_read(void **state)
{
	struct ike_proposals list;
	(void)state;

	assert_int_equal(ike_proposals_parse("aes256gcm16-prfsha256-curve25519,aes128-sha256-encr77",
				 IKE_PROTOCOL_IKE, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.list[0].count, 3);
	assert_int_equal(list.list[0].transforms[0].key_bits, 256);
	assert_int_equal(list.list[1].transforms[2].id, 77);
	/* the PRF follows from the integrity algorithm */
	assert_int_equal(list.list[1].count, 4);
	assert_int_equal(list.list[1].transforms[3].id, IKE_PRF_HMAC_SHA2_256);
	assert_int_equal(ike_proposals_parse("aes256gcm16", IKE_PROTOCOL_ESP, &list), 0);
	assert_int_equal(list.list[0].transforms[1].type, IKE_TRANSFORM_ESN);
	assert_int_equal(ike_proposals_parse("aes512", IKE_PROTOCOL_IKE, &list), -1);
	assert_int_equal(ike_proposals_parse("", IKE_PROTOCOL_IKE, &list), -1);
	assert_int_equal(ike_proposals_parse("group70000", IKE_PROTOCOL_IKE, &list), -1);
}

static void selectors_are_read(void **state)
{
	struct ike_ts ts;
	(void)state;

	assert_int_equal(ike_selector_parse("10.1.2.3/16", &ts), 0);
	assert_memory_equal(ts.start, "\x0a\x01\x00\x00", 4);
	assert_memory_equal(ts.end, "\x0a\x01\xff\xff", 4);
	assert_int_equal(ike_selector_parse("0.0.0.0/0", &ts), 0);
	assert_memory_equal(ts.end, "\xff\xff\xff\xff", 4);
	assert_int_equal(ike_selector_parse("10.1.2.3/33", &ts), -1);
	assert_int_equal(ike_selector_parse("here", &ts), -1);
}

/* Transforms stand beside the SA payload, and go back into it. */
static void transforms_come_and_go(void **state)
{
	static const uint8_t id[] = { 0, 77, 0, 0 };
	struct arena *arena = arena_new();
	struct ike_proposals list, again;
	struct ike_draft draft;
	bool set[WIRE_ELEMENTS_MAX] = { false };
	(void)state;

	ike_proposals_parse("aes256gcm16-prfsha256-curve25519", IKE_PROTOCOL_IKE, &list);
	ike_draft_begin(&draft);
	ike_draft_sa(&draft, &list);
	ike_draft_notify(&draft, IKE_N_COOKIE, view_text("abc"));
	struct packet p = packet_named(&ike_suite_protocol, "IKE_SA_INIT-REQUEST");
	ike_suite_spread(&draft.packet, &p, arena);
	assert_int_equal(p.element_count, 5);
	assert_non_null(packet_find(&p, IKE_N_COOKIE, IKE_PAYLOAD_NOTIFY));
	for (unsigned i = 0; i < p.element_count; i++)
		if (p.elements[i].vendor == IKE_SUITE_TRANSFORM &&
			p.elements[i].code == IKE_TRANSFORM_ENCR)
			p.elements[i].value = VIEW_OF(id);
	ike_suite_arrange(&p, set, arena);
	assert_int_equal(p.element_count, 2);
	assert_int_equal(ike_decode_sa(packet_find(&p, 0, IKE_PAYLOAD_SA), &again, NULL), 0);
	assert_int_equal(again.list[0].transforms[0].id, 77);
	assert_int_equal(again.list[0].count, 3);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notifications_have_their_names),
		cmocka_unit_test(payloads_of_the_engine_are_there),
		cmocka_unit_test(proposals_are_read),
		cmocka_unit_test(selectors_are_read),
		cmocka_unit_test(transforms_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
