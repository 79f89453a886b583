// SPDX-License-Identifier: Apache-2.0
/* The tester's two sides of 802.1X over IP, and of RADIUS, talk to each other in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/suite/compose.h"
#include "testbed/suite/match.h"
#include "testbed/suite/tester_eap.h"

struct side {
	const struct role *role; /* of the other side */
	struct peer *peer;
	struct tester_eap *eap;
	const char *secret, *shared;
};

struct pair {
	struct random random;
	struct variables variables;
	struct side sides[2];
	struct composed composed;
	struct view last;
};

static const char *setting(void *context, const char *name)
{
	static const struct {
		const char *name, *value;
	} rows[] = { { "eap", "EAP-PSK" }, { "identity", "mn@example" },
		{ "station", "02:00:00:00:01:01" }, { "bssid", "02:00:00:00:0a:00" },
		{ "keep-alive", "30" } };
	const struct side *side = context;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	if (strcmp(name, "radius-secret") == 0)
		return side->shared;
	return strcmp(name, "secret") == 0 ? side->secret : NULL;
}

static void open_side(struct pair *p, struct side *side, const char *facing)
{
	const struct role *role = role_named(facing);
	const struct tester_eap_options o = { .server = role->tester_serves, .setting = setting,
		.context = side, .credentials = ".", .random = &p->random };
	struct peer_config c = { .setting = setting, .context = side, .random = &p->random };
	char why[200];

	side->role = role;
	side->eap = tester_eap_new(&o, why, sizeof(why));
	assert_non_null(side->eap);
	c.eap = tester_eap_end(side->eap);
	side->peer = role->ops->create(&c);
}

static struct pair *begin(const char *one, const char *other, const char *wrong)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->random = random_seeded(11);
	p->variables.arena = arena_new();
	p->variables.random = &p->random;
	for (unsigned i = 0; i < 2; i++) {
		p->sides[i].secret = "000102030405060708090a0b0c0d0e0f";
		p->sides[i].shared = "a-shared-secret";
	}
	if (wrong)
		p->sides[1].shared = wrong;
	open_side(p, &p->sides[0], one);
	open_side(p, &p->sides[1], other);
	return p;
}

static void end(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		p->sides[i].role->ops->destroy(p->sides[i].peer);
		tester_eap_free(p->sides[i].eap);
	}
	arena_free(p->variables.arena);
	free(p);
}

/* Sends the message as its peer would; what the other side makes of it. */
static enum seal_state pass(struct pair *p, unsigned from, const struct message *m)
{
	struct side *a = &p->sides[from], *b = &p->sides[!from];
	const struct pattern pattern = { .message = m };
	const struct compose_input in = { .role = a->role, .peer = a->peer, .pattern = &pattern,
		.variables = &p->variables };
	struct heard heard;
	char why[200];

	assert_int_equal(compose(&in, &p->composed, why, sizeof(why)), 0);
	p->last = VIEW(arena_copy(p->variables.arena, (const char *)p->composed.octets,
		p->composed.size), p->composed.size);
	a->role->ops->sent(a->peer, &p->composed.packet, p->last);
	heard_decode(b->role, p->last, &heard);
	assert_true(heard.decoded);
	b->role->ops->received(b->peer, &heard.packet, p->last, false);
	return b->role->seal ? b->role->ops->verify(b->peer, &heard.packet, p->last) :
			       SEAL_STATE_NONE;
}

/* Until both have nothing more to say; how many messages. */
static unsigned talk(struct pair *p, enum seal_state right)
{
	unsigned count = 0;

	for (bool quiet = false; !quiet && count < 50;) {
		quiet = true;
		for (unsigned i = 0; i < 2; i++) {
			const struct side *s = &p->sides[i];
			const struct message *m = s->role->ops->next(s->peer);
			if (!m)
				continue;
			assert_int_equal(pass(p, i, m), right);
			quiet = false;
			count++;
		}
	}
	return count;
}

static bool both_reached(const struct pair *p, const char *point)
{
	const struct side *s = p->sides;
	return s[0].role->ops->reached(s[0].peer, point) &&
		s[1].role->ops->reached(s[1].peer, point);
}

static void test_dot1x_over_ip(void **state)
{
	struct pair *p = begin("dxi-ap", "dxi-client", NULL);
	(void)state;

	/* OPEN, OPENED, Start, the identity, four messages of EAP-PSK, Success */
	assert_int_equal(talk(p, SEAL_STATE_NONE), 10);
	assert_true(both_reached(p, "authenticated"));
	end(p);
}

static void test_radius(void **state)
{
	struct pair *p = begin("radius-server", "radius-client", NULL);
	(void)state;

	assert_int_equal(talk(p, SEAL_STATE_VALID), 6);
	assert_true(both_reached(p, "authenticated"));
	end(p);
}

static void test_radius_with_another_secret(void **state)
{
	struct pair *p = begin("radius-server", "radius-client", "another");
	const struct protocol *radius = p->sides[0].role->protocol;
	(void)state;

	assert_int_equal(pass(p, 0, protocol_message_named(radius, "Access-Request")),
		SEAL_STATE_INVALID);
	assert_int_equal(pass(p, 1, protocol_message_named(radius, "Access-Challenge")),
		SEAL_STATE_INVALID);
	assert_false(p->sides[0].role->ops->reached(p->sides[0].peer, "challenged"));
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dot1x_over_ip),
		cmocka_unit_test(test_radius),
		cmocka_unit_test(test_radius_with_another_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
