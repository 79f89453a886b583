// SPDX-License-Identifier: Apache-2.0
/*
 * Packets of the peer's that wait while the sockets they are for have no addresses.
 *
 * An nftables chain at the local input, behind ESP, hands them to a queue of this process's
 * (nfnetlink_queue), and later they go on. Where the kernel has no such queue they are dropped, and
 * move_again makes good for it. The table outlives a killed process on purpose: without it the
 * peer's next segment would meet no socket and end the connection. The queue then drops what comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ref/host/kernel_nl.h"
#include "ref/host/move_inside.h"

#define CHAIN "in"
#define BATCH_MAX (512 * 1024)
#define ROOM_FOR_RULE 2048
#define QUEUE_FIRST 0x4241u /* the first of those that are tried */
#define QUEUE_TRIES 64u
#define QUEUE_LENGTH 16384u
#define TCP_FLAGS_AT 13 /* RFC 9293 §3.1 */
#define TCP_SYN 0x02

enum phase { BEFORE, DURING, AFTER };

struct hold_rules {
	int tables, packets; /* netlink; `packets` -1: no queue, what comes is dropped */
	char table[32];
	uint16_t queue;
	uint32_t latest; /* packet in the queue */
	unsigned waited;
	unsigned char *batch;
	size_t used;
	uint32_t first, requests; /* of the batch; so far */
};

/* --- requests --------------------------------------------------------------------------------- */

static struct nl_msg *request(int type, int flags, uint8_t family, uint16_t resource)
{
	struct nfgenmsg header = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};

	return message_new(type, flags, &header, sizeof(header));
}

/* Behind the others that are to be done with it, or not at all. */
static void batch_put(struct hold_rules *h, struct nl_msg *m)
{
	struct nlmsghdr *header = nlmsg_hdr(m);
	size_t size = NLMSG_ALIGN(header->nlmsg_len);

	if (h->used + size <= BATCH_MAX) {
		header->nlmsg_seq = ++h->requests;
		memcpy(h->batch + h->used, header, header->nlmsg_len);
		h->used += size;
	}
	nlmsg_free(m);
}

static void batch_begin(struct hold_rules *h)
{
	h->used = 0;
	h->first = h->requests + 1;
	batch_put(h, request(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

/* The first refusal of these requests, or 0 when the last was acknowledged. */
static int answers(int socket, uint32_t first, uint32_t last)
{
	char buffer[16384] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = recv(socket, buffer, sizeof(buffer), 0)) > 0) {
		struct nlmsghdr *h = (struct nlmsghdr *)buffer;
		for (size_t left = (size_t)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);
			if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq < first)
				continue;
			if (e->error < 0 || h->nlmsg_seq == last)
				return e->error;
		}
	}
	return -errno;
}

static int batch_send(struct hold_rules *h)
{
	uint32_t last = h->requests;

	/* The last request proper asks for a word; an earlier failure speaks by itself. */
	struct nlmsghdr *at = (struct nlmsghdr *)h->batch;
	for (size_t left = h->used; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
		if (at->nlmsg_seq == last)
			at->nlmsg_flags |= NLM_F_ACK;
	batch_put(h, request(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (send(h->tables, h->batch, h->used, 0) < 0)
		return -errno;
	return answers(h->tables, h->first, last);
}

static int nft(int type)
{
	return NFNL_SUBSYS_NFTABLES << 8 | type;
}

static void put_be32(struct nl_msg *m, int attribute, uint32_t value)
{
	put_u32(m, attribute, htonl(value));
}

/* --- expressions ------------------------------------------------------------------------------ */

struct expression {
	struct nlattr *element, *data;
};

static struct expression expression_begin(struct nl_msg *m, const char *name)
{
	struct expression e = {.element = nest_begin(m, NFTA_LIST_ELEM)};

	put_text(m, NFTA_EXPR_NAME, name);
	e.data = nest_begin(m, NFTA_EXPR_DATA);
	return e;
}

static void expression_end(struct nl_msg *m, struct expression e)
{
	nest_end(m, e.data);
	nest_end(m, e.element);
}

static void put_meta(struct nl_msg *m, enum nft_meta_keys key)
{
	struct expression e = expression_begin(m, "meta");

	put_be32(m, NFTA_META_DREG, NFT_REG_1);
	put_be32(m, NFTA_META_KEY, key);
	expression_end(m, e);
}

static void put_payload(struct nl_msg *m, enum nft_payload_bases base, uint32_t at, uint32_t size)
{
	struct expression e = expression_begin(m, "payload");

	put_be32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(m, NFTA_PAYLOAD_BASE, base);
	put_be32(m, NFTA_PAYLOAD_OFFSET, at);
	put_be32(m, NFTA_PAYLOAD_LEN, size);
	expression_end(m, e);
}

static void put_value(struct nl_msg *m, int attribute, const void *data, size_t size)
{
	struct nlattr *value = nest_begin(m, attribute);

	put_data(m, NFTA_DATA_VALUE, data, size);
	nest_end(m, value);
}

static void put_equal(struct nl_msg *m, const void *data, size_t size)
{
	struct expression e = expression_begin(m, "cmp");

	put_be32(m, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(m, NFTA_CMP_DATA, data, size);
	expression_end(m, e);
}

static void put_mask(struct nl_msg *m, uint8_t mask)
{
	struct expression e = expression_begin(m, "bitwise");
	uint8_t none = 0;

	put_be32(m, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(m, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(m, NFTA_BITWISE_LEN, 1);
	put_value(m, NFTA_BITWISE_MASK, &mask, 1);
	put_value(m, NFTA_BITWISE_XOR, &none, 1);
	expression_end(m, e);
}

static void put_verdict(struct nl_msg *m, int code)
{
	struct expression e = expression_begin(m, "immediate");
	struct nlattr *data, *verdict;

	put_be32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest_begin(m, NFTA_IMMEDIATE_DATA);
	verdict = nest_begin(m, NFTA_DATA_VERDICT);
	put_be32(m, NFTA_VERDICT_CODE, (uint32_t)code);
	nest_end(m, verdict);
	nest_end(m, data);
	expression_end(m, e);
}

static void put_queue(struct nl_msg *m, uint16_t queue)
{
	struct expression e = expression_begin(m, "queue");
	uint16_t number = htons(queue), total = htons(1);

	put_data(m, NFTA_QUEUE_NUM, &number, 2);
	put_data(m, NFTA_QUEUE_TOTAL, &total, 2);
	expression_end(m, e);
}

/* --- rules ------------------------------------------------------------------------------------ */

static struct nl_msg *rule_begin(const struct hold_rules *h, int type, struct nlattr **list)
{
	struct nl_msg *m = request(nft(type), NLM_F_CREATE | NLM_F_APPEND, NFPROTO_INET, 0);

	put_text(m, NFTA_RULE_TABLE, h->table);
	put_text(m, NFTA_RULE_CHAIN, CHAIN);
	if (list)
		*list = nest_begin(m, NFTA_RULE_EXPRESSIONS);
	return m;
}

enum verdict { HOLD, DROP, PASS };

static void put_address_at(struct nl_msg *m, uint32_t at, const struct prefix *p)
{
	uint32_t size = (uint32_t)ip_size(p->family);

	put_payload(m, NFT_PAYLOAD_NETWORK_HEADER, at, size);
	put_equal(m, p->address, size);
}

/* Source and destination stand at octet 12 of an IPv4 header, at octet 8 of an IPv6 header. */
static void put_addresses(
	struct nl_msg *m, const struct prefix *from, const struct prefix *to, uint8_t protocol)
{
	bool v4 = from->family == AF_INET;
	uint8_t family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	put_meta(m, NFT_META_NFPROTO);
	put_equal(m, &family, 1);
	put_address_at(m, v4 ? 12 : 8, from);
	put_address_at(m, v4 ? 16 : 24, to);
	put_meta(m, NFT_META_L4PROTO);
	put_equal(m, &protocol, 1);
}

static void put_end(struct hold_rules *h, struct nl_msg *m, struct nlattr *list, enum verdict v)
{
	if (v == PASS)
		put_verdict(m, NF_ACCEPT);
	else if (v == DROP || h->packets < 0)
		put_verdict(m, NF_DROP);
	else
		put_queue(m, h->queue);
	nest_end(m, list);
	batch_put(h, m);
}

/* Segments that open no connection. */
static void add_tcp(
	struct hold_rules *h, const struct prefix *from, const struct prefix *to, enum verdict v)
{
	uint8_t none = 0;
	struct nlattr *list;
	struct nl_msg *m = rule_begin(h, NFT_MSG_NEWRULE, &list);

	put_addresses(m, from, to, IPPROTO_TCP);
	put_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, 1);
	put_mask(m, TCP_SYN);
	put_equal(m, &none, 1);
	put_end(h, m, list, v);
}

/* What is for one socket. */
static void add_socket(struct hold_rules *h, const struct prefix *from, const struct prefix *to,
	const struct moving *s, enum verdict v)
{
	uint16_t ports[2] = {htons(s->result.peer_port), htons(s->result.local_port)};
	struct nlattr *list;
	struct nl_msg *m;

	if (h->used + ROOM_FOR_RULE > BATCH_MAX)
		return;
	m = rule_begin(h, NFT_MSG_NEWRULE, &list);
	put_addresses(m, from, to, s->result.protocol);
	put_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4);
	put_equal(m, ports, 4);
	put_end(h, m, list, v);
}

/* Segments of our own making pass (move_send.c). */
static void add_pass(struct hold_rules *h)
{
	uint32_t mark = KERNEL_MARK;
	struct nlattr *list;
	struct nl_msg *m = rule_begin(h, NFT_MSG_NEWRULE, &list);

	put_meta(m, NFT_META_MARK);
	put_equal(m, &mark, sizeof(mark));
	put_verdict(m, NF_ACCEPT);
	nest_end(m, list);
	batch_put(h, m);
}

static void add_pair(
	struct hold_rules *h, const struct journal *j, bool peer, bool local, enum verdict v)
{
	const struct move_config *c = &j->head->config;

	/* What could not be moved goes on at the old addresses. */
	for (unsigned i = 0; v == DROP && !peer && !local && i < j->head->sockets; i++)
		if (journal_socket(j, i)->result.fate != MOVE_MOVED)
			add_socket(h, peer_of(c, peer), local_of(c, local), journal_socket(j, i),
				PASS);
	add_tcp(h, peer_of(c, peer), local_of(c, local), v);
	for (unsigned i = 0; i < j->head->sockets; i++) {
		const struct moving *m = journal_socket(j, i);
		if (m->result.protocol == IPPROTO_UDP && m->result.peer_port)
			add_socket(h, peer_of(c, peer), local_of(c, local), m, v);
	}
}

/*
 * The pairs of a peer's and a local address that differ. Before the move all but the old one are
 * held, during it that too; after it all but the new one are silent.
 */
static void add_pairs(struct hold_rules *h, const struct journal *j, enum phase phase)
{
	const struct move_config *c = &j->head->config;
	bool one_peer = address_equal(peer_of(c, false), peer_of(c, true));
	bool one_local = address_equal(local_of(c, false), local_of(c, true));

	for (int pair = 0; pair < 4; pair++) {
		bool peer = pair & 1, local = pair & 2;
		if ((peer && one_peer) || (local && one_local))
			continue;
		if ((phase == BEFORE && pair == 0) ||
			(phase == AFTER && peer == !one_peer && local == !one_local))
			continue;
		add_pair(h, j, peer, local, phase == AFTER ? DROP : HOLD);
	}
}

static void add_table(struct hold_rules *h, int type)
{
	struct nl_msg *m = request(nft(type), NLM_F_CREATE, NFPROTO_INET, 0);

	put_text(m, NFTA_TABLE_NAME, h->table);
	batch_put(h, m);
}

static void add_chain(struct hold_rules *h)
{
	struct nl_msg *m;
	struct nlattr *hook;

	m = request(nft(NFT_MSG_NEWCHAIN), NLM_F_CREATE, NFPROTO_INET, 0);
	put_text(m, NFTA_CHAIN_TABLE, h->table);
	put_text(m, NFTA_CHAIN_NAME, CHAIN);
	hook = nest_begin(m, NFTA_CHAIN_HOOK);
	put_be32(m, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_IN);
	put_be32(m, NFTA_HOOK_PRIORITY, (uint32_t)-300);
	nest_end(m, hook);
	put_text(m, NFTA_CHAIN_TYPE, "filter");
	batch_put(h, m);
}

/* --- the queue -------------------------------------------------------------------------------- */

static int queue_send(struct hold_rules *h, struct nl_msg *m, bool answer)
{
	struct nlmsghdr *header = nlmsg_hdr(m);
	int result = 0;

	header->nlmsg_flags |= answer ? NLM_F_ACK : 0;
	header->nlmsg_seq = ++h->requests;
	if (send(h->packets, header, header->nlmsg_len, 0) < 0)
		result = -errno;
	else if (answer)
		result = answers(h->packets, header->nlmsg_seq, header->nlmsg_seq);
	nlmsg_free(m);
	return result;
}

static struct nl_msg *queue_request(const struct hold_rules *h, int type)
{
	return request(NFNL_SUBSYS_QUEUE << 8 | type, 0, AF_UNSPEC, h->queue);
}

static int queue_bind(struct hold_rules *h)
{
	struct nfqnl_msg_config_cmd bind = {.command = NFQNL_CFG_CMD_BIND};
	struct nfqnl_msg_config_params params = {.copy_mode = NFQNL_COPY_META};
	struct nl_msg *m = queue_request(h, NFQNL_MSG_CONFIG);

	put_data(m, NFQA_CFG_CMD, &bind, sizeof(bind));
	put_data(m, NFQA_CFG_PARAMS, &params, sizeof(params));
	put_be32(m, NFQA_CFG_QUEUE_MAXLEN, QUEUE_LENGTH);
	return queue_send(h, m, true);
}

static void queue_open(struct hold_rules *h)
{
	int size = 8 << 20, on = 1;

	h->packets = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (h->packets < 0)
		return;
	setsockopt(h->packets, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(h->packets, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	for (h->queue = QUEUE_FIRST; h->queue < QUEUE_FIRST + QUEUE_TRIES; h->queue++)
		if (queue_bind(h) == 0)
			return;
	close(h->packets);
	h->packets = -1;
}

static void queue_note(struct hold_rules *h, struct nlmsghdr *m)
{
	struct nlattr *attributes[NFQA_MAX + 1];
	const struct nfqnl_msg_packet_hdr *packet;

	if (m->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
		nlmsg_parse(m, sizeof(struct nfgenmsg), attributes, NFQA_MAX, NULL) < 0 ||
		!attributes[NFQA_PACKET_HDR])
		return;
	packet = nla_data(attributes[NFQA_PACKET_HDR]);
	h->latest = ntohl(packet->packet_id);
	h->waited++;
}

/* What waits goes on, in its order. */
static void queue_drain(struct hold_rules *h)
{
	char buffer[16384] __attribute__((aligned(8)));
	struct nfqnl_msg_verdict_hdr verdict = {.verdict = htonl(NF_ACCEPT)};
	unsigned before = h->waited;
	struct nl_msg *m;
	ssize_t n;

	while (h->packets >= 0 &&
		(n = recv(h->packets, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *at = (struct nlmsghdr *)buffer;
		for (size_t left = (size_t)n; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
			queue_note(h, at);
	}
	if (h->waited == before)
		return;
	verdict.id = htonl(h->latest);
	m = queue_request(h, NFQNL_MSG_VERDICT_BATCH);
	put_data(m, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
	queue_send(h, m, false);
}

/* --- life ------------------------------------------------------------------------------------- */

static int rules_raise(struct hold_rules *h, const struct journal *j, enum phase phase)
{
	batch_begin(h);
	add_table(h, NFT_MSG_NEWTABLE); /* in place of one that a killed process left */
	add_table(h, NFT_MSG_DELTABLE);
	add_table(h, NFT_MSG_NEWTABLE);
	add_chain(h);
	add_pass(h);
	add_pairs(h, j, phase);
	return batch_send(h);
}

struct hold_rules *hold_rules_new(const struct journal *j, char error[MOVE_ERROR])
{
	struct hold_rules *h = host_alloc(sizeof(*h));
	int result;

	h->batch = host_alloc(BATCH_MAX);
	h->tables = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	snprintf(h->table, sizeof(h->table), MOVE_GROUP "%d", (int)j->head->watcher);
	queue_open(h);
	result = rules_raise(h, j, j->head->begun ? DURING : BEFORE);
	if (result < 0 && h->packets >= 0) { /* a queue, but no rule that leads there */
		close(h->packets);
		h->packets = -1;
		result = rules_raise(h, j, j->head->begun ? DURING : BEFORE);
	}
	if (result == 0)
		return h;
	snprintf(error, MOVE_ERROR, "no nftables to hold packets with: %s", strerror(-result));
	hold_rules_free(h);
	errno = -result;
	return NULL;
}

static int rules_replace(struct hold_rules *h, const struct journal *j, enum phase phase)
{
	batch_begin(h);
	batch_put(h, rule_begin(h, NFT_MSG_DELRULE, NULL));
	add_pass(h);
	add_pairs(h, j, phase);
	return batch_send(h);
}

/* One rule more: taking rules away would wait until nobody looks at them any more. */
int hold_rules_close(struct hold_rules *h, const struct journal *j, char error[MOVE_ERROR])
{
	int result;

	batch_begin(h);
	add_pair(h, j, false, false, HOLD);
	result = batch_send(h);
	if (result < 0)
		snprintf(error, MOVE_ERROR, "packets cannot be held: %s", strerror(-result));
	return result;
}

/*
 * A packet that is beyond the rules on another processor may still bring octets that are then
 * acknowledged to the peer but stand in no image. The kernel receives under RCU, and membarrier(2)
 * waits for all who read under RCU; for tens of microseconds if it is told to hurry.
 */
void hold_rules_settle(struct journal *j)
{
	static const char path[] = "/sys/kernel/rcu_expedited";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char was = '1';

	if (fd >= 0 && !j->head->hurried && pread(fd, &was, 1, 0) == 1 && was == '0')
		j->head->hurried = pwrite(fd, "1", 1, 0) == 1;
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (j->head->hurried && pwrite(fd, "0", 1, 0) == 1)
		j->head->hurried = false;
	if (fd >= 0)
		close(fd);
}

unsigned hold_rules_release(struct hold_rules *h, const struct journal *j)
{
	queue_drain(h);
	rules_replace(h, j, AFTER);
	queue_drain(h);
	return h->waited;
}

void hold_rules_remove(const struct journal *other)
{
	struct hold_rules *h = host_alloc(sizeof(*h));

	h->packets = -1;
	h->batch = host_alloc(BATCH_MAX);
	h->tables = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	snprintf(h->table, sizeof(h->table), MOVE_GROUP "%d", (int)other->head->watcher);
	hold_rules_free(h);
}

void hold_rules_free(struct hold_rules *h)
{
	if (!h)
		return;
	if (h->tables >= 0) {
		batch_begin(h);
		add_table(h, NFT_MSG_DELTABLE);
		batch_send(h);
		close(h->tables);
	}
	if (h->packets >= 0)
		close(h->packets);
	free(h->batch);
	free(h);
}
