// SPDX-License-Identifier: Apache-2.0
/*
 * Lessons, failures and time in any order. Whatever beacons claim, where a better source names an
 * agent it stays the one to go to.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "ref/discovery/neighbours.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct endpoint host(uint8_t number)
{
	return (struct endpoint){ .family = number & 0x80 ? AF_INET6 : AF_INET,
		.port = 1,
		.address = { number & 0x80 ? 0x20 : 192, 0, 2, number } };
}

static struct neighbour_lesson lesson(struct reader *r)
{
	struct neighbour_lesson l = { .bssid = { 2 }, .ssid = "a" };
	uint8_t kind = read_u8(r);

	l.source = (enum neighbour_source)(kind % NEIGHBOUR_SOURCES);
	l.remembered = kind & 0x80;
	l.bssid[5] = read_u8(r) & 15;
	l.teller = host(read_u8(r) & 7);
	l.learnt = read_u8(r);
	for (unsigned i = kind >> 4 & 3; i; i--) {
		struct endpoint e = host(read_u8(r) & 0x87);
		ap_info_add_agent(&l.info, &e);
		ap_info_add_address(&l.info, &e);
		ap_info_add_prefix(&l.info, &e, 1 + (read_u8(r) & 31));
	}
	return l;
}

static void check(const struct neighbours *t)
{
	for (unsigned i = 0; i < neighbours_count(t); i++)
		if (i && memcmp(neighbours_at(t, i - 1)->bssid, neighbours_at(t, i)->bssid, 6) >= 0)
			abort();
}

/* A claim, and that it changed nothing that it must not change. */
static void claim(struct neighbours *t, const struct neighbour_lesson *l, int64_t now)
{
	const struct neighbour *n = neighbours_find(t, l->bssid);
	enum neighbour_source before, after;
	const struct endpoint *agent = n ? neighbour_agent(n, 0, &before) : NULL;
	bool vouched = agent && before != NEIGHBOUR_BEACON;
	struct endpoint right = vouched ? *agent : (struct endpoint){ 0 };

	neighbours_learn(t, l, now);
	if (!vouched)
		return;
	n = neighbours_find(t, l->bssid);
	agent = n ? neighbour_agent(n, 0, &after) : NULL;
	if (!agent || after != before || !endpoint_equal(agent, &right))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(VIEW(data, size));
	struct neighbours *t = neighbours_new(6, 100);
	int64_t now = 50;

	while (reader_left(&r)) {
		uint8_t what = read_u8(&r);
		struct neighbour_lesson l;
		switch (what & 7) {
		case 0:
			now += what >> 3;
			neighbours_expire(t, now);
			break;
		case 1:
			l = lesson(&r);
			if (l.info.agent_count)
				neighbours_failed(t, l.bssid, &l.info.agents[0], what, now);
			break;
		case 2:
			l = lesson(&r);
			neighbours_forget(t, what & 8 ? NULL : l.bssid);
			break;
		default:
			l = lesson(&r);
			if (l.source == NEIGHBOUR_BEACON)
				claim(t, &l, now);
			else
				neighbours_learn(t, &l, now);
			break;
		}
		check(t);
	}
	neighbours_named(t, "a");
	neighbours_free(t);
	return 0;
}
