// SPDX-License-Identifier: Apache-2.0
/*
 * IKE_SA set-ups a second: initiator and responder in one thread with nothing between them but
 * their lists of actions, so each set-up is the work of both ends. Memory is the heap of the
 * responder's engine alone: after 10,000 set-ups less before, the initiator's engine being gone.
 */
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "ref/ike/ike_world.h"

#define MANY 10000

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"IKE %s\", \"value\": %.0f, \"unit\": \"%s\"}\n", name, value, unit);
}

static void use_group(struct ike_connection *c, uint16_t group)
{
	struct ike_suite suite = { IKE_ENCR_AES_GCM_16, 256, IKE_PRF_HMAC_SHA2_256, 0, group, 0 };

	c->ike.count = 1;
	c->ike.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_IKE, 1);
}

static void begin(struct world *w, struct random *random, uint16_t group)
{
	world_init(w, 1);
	*random = random_system();
	w->a.config.random = w->b.config.random = random;
	w->b.config.cookie_threshold = 100;
	use_group(&w->a.connection, group);
	use_group(&w->b.connection, group);
	world_begin(w);
}

static void set_up(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		world_initiate(w);
		world_settle(w);
		w->a.child_count = w->b.child_count = 0;
	}
	unsigned up = 0;
	for (struct ike_sa *sa = ike_next(w->b.ike, NULL); sa; sa = ike_next(w->b.ike, sa))
		up += ike_sa_established(sa);
	if (up != count) {
		fprintf(stderr, "ike_bench: %u of %u are up\n", up, count);
		exit(1);
	}
}

static void rate(const char *name, uint16_t group, unsigned count)
{
	static struct world w;
	struct random random;

	begin(&w, &random, group);
	double began = seconds();
	set_up(&w, count);
	print(name, count / (seconds() - began), "SA/s");
	world_end(&w);
}

static void memory(void)
{
	static struct world w;
	struct random random;

	begin(&w, &random, IKE_DH_CURVE25519);
	set_up(&w, 1); /* what OpenSSL keeps for itself */
	ike_free(w.a.ike);
	size_t before = mallinfo2().uordblks;
	w.a.ike = ike_new(&w.a.config);
	for (unsigned i = 0; i < MANY; i++) {
		world_initiate(&w);
		world_settle(&w);
		w.a.child_count = w.b.child_count = 0;
	}
	ike_free(w.a.ike);
	print("memory of a responder's SA", (double)(mallinfo2().uordblks - before) / MANY,
		"octets");
	w.a.ike = NULL;
	ike_free(w.b.ike);
}

int main(void)
{
	rate("set-up, curve25519, PSK", IKE_DH_CURVE25519, 5000);
	rate("set-up, ECP 256, PSK", IKE_DH_ECP_256, 2000);
	rate("set-up, MODP 2048, PSK", IKE_DH_MODP_2048, 1000);
	memory();
	return 0;
}
