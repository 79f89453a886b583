// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/host/allowance.h"
#include "ref/host/loop.h"
#include "ref/host/nft.h"

#define TABLE "baton-allowance-"
#define NAME 40

struct allowance {
	struct allowance *next;
	struct prefix to;
};

struct allowances {
	struct nft nft;
	uint16_t port; /* network byte order */
	struct allowance *first; /* those that are there */
};

/* One chain for each address, so that the others keep their counts. */
static void chain_name(const struct prefix *to, char out[NAME])
{
	char *at = out + snprintf(out, NAME, "to");

	for (size_t i = 0; i < ip_size(to->family); i++)
		at += snprintf(at, 3, "%02x", to->address[i]);
}

static void add_rule(struct allowances *a, const char *chain, const struct prefix *to,
	uint8_t protocol, uint64_t octets)
{
	struct nlattr *list;
	struct nl_msg *m = nft_rule(&a->nft, chain, &list);

	nft_addresses(m, NULL, to, protocol);
	if (protocol == IPPROTO_UDP) {
		nft_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(a->port));
		nft_equal(m, &a->port, sizeof(a->port));
	}
	nft_quota_over(m, octets);
	nft_verdict(m, NF_DROP);
	nft_rule_end(&a->nft, m, list);
}

static void add_pass(struct allowances *a, const char *chain)
{
	uint32_t mark = KERNEL_MARK;
	struct nlattr *list;
	struct nl_msg *m = nft_rule(&a->nft, chain, &list);

	nft_meta(m, NFT_META_MARK);
	nft_equal(m, &mark, sizeof(mark));
	nft_verdict(m, NF_ACCEPT);
	nft_rule_end(&a->nft, m, list);
}

/* With a first one, so that the kernel has what it needs before it is needed. */
struct allowances *allowances_new(uint16_t port)
{
	struct allowances *a = host_alloc(sizeof(*a));
	struct prefix nobody = { .family = AF_INET, .length = 32, .address = { 192, 0, 2, 0 } };
	int result;

	a->port = htons(port);
	nft_open(&a->nft, TABLE, getpid());
	nft_begin(&a->nft);
	nft_table(&a->nft, NFT_TABLE_F_OWNER);
	result = a->nft.socket < 0 ? -EPROTONOSUPPORT : nft_send(&a->nft);
	if (result == 0)
		result = allowance_set(a, &nobody, 0);
	if (result == 0)
		result = allowance_lift(a, &nobody);
	if (result == 0)
		return a;
	allowances_free(a);
	errno = -result;
	return NULL;
}

void allowances_free(struct allowances *a)
{
	if (!a)
		return;
	nft_close(&a->nft);
	while (a->first) {
		struct allowance *one = a->first;
		a->first = one->next;
		free(one);
	}
	free(a);
}

static struct allowance **find(struct allowances *a, const struct prefix *to)
{
	struct allowance **at = &a->first;

	while (*at && !address_equal(&(*at)->to, to))
		at = &(*at)->next;
	return at;
}

int allowance_set(struct allowances *a, const struct prefix *to, uint64_t octets)
{
	struct allowance **at = find(a, to);
	char chain[NAME];
	int result;

	chain_name(to, chain);
	nft_begin(&a->nft);
	nft_chain(&a->nft, chain, NF_INET_LOCAL_OUT, 0);
	nft_flush(&a->nft, chain); /* of an allowance before this one */
	add_pass(a, chain);
	add_rule(a, chain, to, IPPROTO_ESP, octets);
	add_rule(a, chain, to, IPPROTO_UDP, octets);
	result = nft_send(&a->nft);
	if (result == 0 && !*at) {
		*at = host_alloc(sizeof(**at));
		(*at)->to = *to;
	}
	return result;
}

int allowance_lift(struct allowances *a, const struct prefix *to)
{
	struct allowance **at = find(a, to), *one = *at;
	char chain[NAME];

	if (!one) /* the kernel would take milliseconds to find out */
		return -ENOENT;
	*at = one->next;
	free(one);
	chain_name(to, chain);
	nft_begin(&a->nft);
	nft_flush(&a->nft, chain);
	nft_chain_end(&a->nft, chain);
	return nft_send(&a->nft);
}
