// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/host/loop.h"
#include "ref/host/nft.h"

static int type_of(int type)
{
	return NFNL_SUBSYS_NFTABLES << 8 | type;
}

static void put_be32(struct nl_msg *m, int attribute, uint32_t value)
{
	put_u32(m, attribute, htonl(value));
}

/* --- requests --------------------------------------------------------------------------------- */

struct nl_msg *nft_message(int type, int flags, uint8_t family, uint16_t resource)
{
	struct nfgenmsg header = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};

	return message_new(type, flags, &header, sizeof(header));
}

/* Behind the others that are to be done with it, or not at all. */
void nft_put(struct nft *n, struct nl_msg *m)
{
	struct nlmsghdr *header = nlmsg_hdr(m);
	size_t size = NLMSG_ALIGN(header->nlmsg_len);

	if (n->used + size <= NFT_BATCH_MAX) {
		header->nlmsg_seq = ++n->requests;
		memcpy(n->batch + n->used, header, header->nlmsg_len);
		n->used += size;
	}
	nlmsg_free(m);
}

void nft_begin(struct nft *n)
{
	n->used = 0;
	n->first = n->requests + 1;
	nft_put(n, nft_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

/* The first refusal of these requests, or 0 when the last was acknowledged. */
int nft_answers(int socket, uint32_t first, uint32_t last)
{
	char buffer[16384] __attribute__((aligned(8)));
	ssize_t size;

	while ((size = recv(socket, buffer, sizeof(buffer), 0)) > 0) {
		struct nlmsghdr *h = (struct nlmsghdr *)buffer;
		for (size_t left = (size_t)size; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);
			if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq < first)
				continue;
			if (e->error < 0 || h->nlmsg_seq == last)
				return e->error;
		}
	}
	return -errno;
}

int nft_send(struct nft *n)
{
	uint32_t last = n->requests;

	/* The last request proper asks for a word; an earlier failure speaks by itself. */
	struct nlmsghdr *at = (struct nlmsghdr *)n->batch;
	for (size_t left = n->used; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
		if (at->nlmsg_seq == last)
			at->nlmsg_flags |= NLM_F_ACK;
	nft_put(n, nft_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (send(n->socket, n->batch, n->used, 0) < 0)
		return -errno;
	return nft_answers(n->socket, n->first, last);
}

/* --- expressions ------------------------------------------------------------------------------ */

struct expression {
	struct nlattr *element, *data;
};

static struct expression begin(struct nl_msg *m, const char *name)
{
	struct expression e = {.element = nest_begin(m, NFTA_LIST_ELEM)};

	put_text(m, NFTA_EXPR_NAME, name);
	e.data = nest_begin(m, NFTA_EXPR_DATA);
	return e;
}

static void end(struct nl_msg *m, struct expression e)
{
	nest_end(m, e.data);
	nest_end(m, e.element);
}

void nft_meta(struct nl_msg *m, enum nft_meta_keys key)
{
	struct expression e = begin(m, "meta");

	put_be32(m, NFTA_META_DREG, NFT_REG_1);
	put_be32(m, NFTA_META_KEY, key);
	end(m, e);
}

void nft_payload(struct nl_msg *m, enum nft_payload_bases base, uint32_t at, uint32_t size)
{
	struct expression e = begin(m, "payload");

	put_be32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(m, NFTA_PAYLOAD_BASE, base);
	put_be32(m, NFTA_PAYLOAD_OFFSET, at);
	put_be32(m, NFTA_PAYLOAD_LEN, size);
	end(m, e);
}

static void put_value(struct nl_msg *m, int attribute, const void *data, size_t size)
{
	struct nlattr *value = nest_begin(m, attribute);

	put_data(m, NFTA_DATA_VALUE, data, size);
	nest_end(m, value);
}

void nft_equal(struct nl_msg *m, const void *data, size_t size)
{
	struct expression e = begin(m, "cmp");

	put_be32(m, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(m, NFTA_CMP_DATA, data, size);
	end(m, e);
}

void nft_mask(struct nl_msg *m, uint8_t mask)
{
	struct expression e = begin(m, "bitwise");
	uint8_t none = 0;

	put_be32(m, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(m, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(m, NFTA_BITWISE_LEN, 1);
	put_value(m, NFTA_BITWISE_MASK, &mask, 1);
	put_value(m, NFTA_BITWISE_XOR, &none, 1);
	end(m, e);
}

void nft_local(struct nl_msg *m)
{
	struct expression e = begin(m, "fib");
	uint32_t type = RTN_LOCAL;

	put_be32(m, NFTA_FIB_DREG, NFT_REG_1);
	put_be32(m, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	put_be32(m, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(m, e);
	nft_equal(m, &type, sizeof(type));
}

void nft_verdict(struct nl_msg *m, int code)
{
	struct expression e = begin(m, "immediate");
	struct nlattr *data, *verdict;

	put_be32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest_begin(m, NFTA_IMMEDIATE_DATA);
	verdict = nest_begin(m, NFTA_DATA_VERDICT);
	put_be32(m, NFTA_VERDICT_CODE, (uint32_t)code);
	nest_end(m, verdict);
	nest_end(m, data);
	end(m, e);
}

void nft_queue(struct nl_msg *m, uint16_t queue)
{
	struct expression e = begin(m, "queue");
	uint16_t number = htons(queue), total = htons(1);

	put_data(m, NFTA_QUEUE_NUM, &number, 2);
	put_data(m, NFTA_QUEUE_TOTAL, &total, 2);
	end(m, e);
}

void nft_quota_over(struct nl_msg *m, uint64_t octets)
{
	struct expression e = begin(m, "quota");
	uint64_t bytes = htobe64(octets);

	put_data(m, NFTA_QUOTA_BYTES, &bytes, sizeof(bytes));
	put_be32(m, NFTA_QUOTA_FLAGS, NFT_QUOTA_F_INV);
	end(m, e);
}

static void put_address_at(struct nl_msg *m, uint32_t at, const struct prefix *p)
{
	uint32_t size = (uint32_t)ip_size(p->family);

	nft_payload(m, NFT_PAYLOAD_NETWORK_HEADER, at, size);
	nft_equal(m, p->address, size);
}

/* Source and destination stand at octet 12 of an IPv4 header, at octet 8 of an IPv6 header. */
void nft_addresses(struct nl_msg *m, const struct prefix *from, const struct prefix *to,
	uint8_t protocol)
{
	bool v4 = to->family == AF_INET;
	uint8_t family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	nft_meta(m, NFT_META_NFPROTO);
	nft_equal(m, &family, 1);
	if (from)
		put_address_at(m, v4 ? 12 : 8, from);
	put_address_at(m, v4 ? 16 : 24, to);
	nft_meta(m, NFT_META_L4PROTO);
	nft_equal(m, &protocol, 1);
}

/* --- tables, chains, rules -------------------------------------------------------------------- */

static struct nl_msg *about(int type, int flags)
{
	return nft_message(type_of(type), flags, NFPROTO_INET, 0);
}

void nft_table(struct nft *n, uint32_t flags)
{
	struct nl_msg *m = about(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	put_text(m, NFTA_TABLE_NAME, n->table);
	put_be32(m, NFTA_TABLE_FLAGS, flags);
	nft_put(n, m);
}

void nft_table_end(struct nft *n)
{
	struct nl_msg *m = about(NFT_MSG_DELTABLE, 0);

	put_text(m, NFTA_TABLE_NAME, n->table);
	nft_put(n, m);
}

void nft_chain(struct nft *n, const char *name, uint32_t hook, int priority)
{
	struct nl_msg *m = about(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	put_text(m, NFTA_CHAIN_TABLE, n->table);
	put_text(m, NFTA_CHAIN_NAME, name);
	nest = nest_begin(m, NFTA_CHAIN_HOOK);
	put_be32(m, NFTA_HOOK_HOOKNUM, hook);
	put_be32(m, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nest_end(m, nest);
	put_text(m, NFTA_CHAIN_TYPE, "filter");
	nft_put(n, m);
}

void nft_chain_end(struct nft *n, const char *name)
{
	struct nl_msg *m = about(NFT_MSG_DELCHAIN, 0);

	put_text(m, NFTA_CHAIN_TABLE, n->table);
	put_text(m, NFTA_CHAIN_NAME, name);
	nft_put(n, m);
}

static struct nl_msg *in_chain(const struct nft *n, int type, int flags, const char *chain)
{
	struct nl_msg *m = about(type, flags);

	put_text(m, NFTA_RULE_TABLE, n->table);
	put_text(m, NFTA_RULE_CHAIN, chain);
	return m;
}

struct nl_msg *nft_rule(const struct nft *n, const char *chain, struct nlattr **list)
{
	struct nl_msg *m = in_chain(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, chain);

	*list = nest_begin(m, NFTA_RULE_EXPRESSIONS);
	return m;
}

void nft_rule_end(struct nft *n, struct nl_msg *m, struct nlattr *list)
{
	nest_end(m, list);
	nft_put(n, m);
}

void nft_flush(struct nft *n, const char *chain)
{
	nft_put(n, in_chain(n, NFT_MSG_DELRULE, 0, chain));
}

void nft_open(struct nft *n, const char *name, pid_t pid)
{
	int room = 2 * NFT_BATCH_MAX; /* a batch is one message, and half as much is all by default */

	*n = (struct nft){ .batch = host_alloc(NFT_BATCH_MAX) };
	n->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	setsockopt(n->socket, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	snprintf(n->table, sizeof(n->table), "%s%d", name, (int)pid);
}

void nft_close(struct nft *n)
{
	if (n->socket >= 0)
		close(n->socket);
	free(n->batch);
}
