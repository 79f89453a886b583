// SPDX-License-Identifier: Apache-2.0
/*
 * SAs and policies at other addresses.
 *
 * An SA is deleted and added, not migrated by XFRM_MSG_MIGRATE: that request copies an SA and
 * deletes the old one later, and what is sent between has its sequence number used once more by
 * the copy, which AES-GCM must never see (RFC 4106 §3.1, §10). It also leaves the selectors of
 * transport mode as they are. Where destination and SPI of old and new differ, which is what the
 * kernel knows an SA by, the new one is there before the old one goes, so that nothing is lost.
 */
#include <errno.h>

#include "ref/base/crypto.h"
#include "ref/host/ipsec_nl.h"

/* Sequence numbers that are left out: more than can be sent between the reading of the old SA's
 * and its end. */
#define SKIP 4096u

struct replay {
	struct xfrm_replay_state state;
	bool found;
};

static void take_replay(void *context, struct nlmsghdr *h)
{
	struct replay *out = context;
	struct nlattr *attributes[XFRMA_MAX + 1];

	if (h->nlmsg_type != XFRM_MSG_NEWAE ||
		nlmsg_parse(h, sizeof(struct xfrm_aevent_id), attributes, XFRMA_MAX, NULL) < 0 ||
		!attributes[XFRMA_REPLAY_VAL] ||
		nla_len(attributes[XFRMA_REPLAY_VAL]) < (int)sizeof(out->state))
		return;
	memcpy(&out->state, nla_data(attributes[XFRMA_REPLAY_VAL]), sizeof(out->state));
	out->found = true;
}

static int read_replay(struct kernel *k, const struct esp_sa *sa, struct replay *out)
{
	struct xfrm_aevent_id id = {.sa_id = ipsec_sa_id(sa), .flags = XFRM_AE_RVAL};
	int result;

	*out = (struct replay){0};
	result = kernel_query(
		k, KERNEL_XFRM, message_new(XFRM_MSG_GETAE, 0, &id, sizeof(id)), take_replay, out);
	if (result == 0 && !out->found)
		result = kernel_fail(k, ENOENT, "sequence numbers of SPI %#x", sa->spi);
	return result;
}

static bool same_place(const struct esp_sa *a, const struct esp_sa *b)
{
	return address_equal(&a->source, &b->source) &&
	       address_equal(&a->destination, &b->destination) &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port;
}

/* The kernel knows both by the same name: the old one has to go first. */
static int replace(struct kernel *k, const struct esp_sa *old, const struct esp_sa *new,
	const struct xfrm_replay_state *at)
{
	int result = ipsec_sa_delete(k, old);

	if (result < 0)
		return result;
	result = ipsec_sa_add_at(k, new, at);
	if (result < 0)
		ipsec_sa_add_at(k, old, at);
	return result;
}

static int add_then_delete(struct kernel *k, const struct esp_sa *old, const struct esp_sa *new,
	const struct xfrm_replay_state *at)
{
	int result = ipsec_sa_add_at(k, new, at);

	if (result == 0)
		ipsec_sa_delete(k, old); /* gone already: just as well */
	return result;
}

int ipsec_sa_move(struct kernel *k, struct esp_sa *sa, bool from_here, const struct esp_sa *to)
{
	struct esp_sa new = *sa;
	struct replay replay;
	int result;

	new.source = to->source;
	new.destination = to->destination;
	new.source_port = to->source_port;
	new.destination_port = to->destination_port;
	if (same_place(sa, &new))
		result = 0;
	else
		result = read_replay(k, sa, &replay);
	if (result < 0 || same_place(sa, &new))
		goto out;
	if (from_here && replay.state.oseq > UINT32_MAX - SKIP) {
		result = kernel_fail(k, EOVERFLOW, "sequence numbers of SPI %#x", sa->spi);
		goto out;
	}
	if (from_here)
		replay.state.oseq += SKIP;
	if (address_equal(&sa->destination, &new.destination))
		result = replace(k, sa, &new, &replay.state);
	else
		result = add_then_delete(k, sa, &new, &replay.state);
	if (result == 0)
		*sa = new;
out:
	wipe(&new, sizeof(new));
	return result;
}

static bool same_selector(const struct esp_policy *a, const struct esp_policy *b)
{
	return a->direction == b->direction && address_equal(&a->from, &b->from) &&
	       address_equal(&a->to, &b->to) && a->from.length == b->from.length &&
	       a->to.length == b->to.length;
}

int ipsec_policy_move(struct kernel *k, struct esp_policy *p, const struct esp_policy *to)
{
	int result = ipsec_policy_add(k, to); /* takes the place of one with the same selector */

	if (result == 0 && !same_selector(p, to))
		ipsec_policy_delete(k, p);
	if (result == 0)
		*p = *to;
	return result;
}
