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
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ref/host/move_inside.h"
#include "ref/host/nft.h"

#define CHAIN "in"
#define ROOM_FOR_RULE 2048
#define QUEUE_FIRST 0x4241u /* the first of those that are tried */
#define QUEUE_TRIES 64u
#define QUEUE_LENGTH 16384u
#define TCP_FLAGS_AT 13 /* RFC 9293 §3.1 */
#define TCP_SYN 0x02

enum phase { BEFORE, DURING, AFTER };

struct hold_rules {
	struct nft nft;
	int packets; /* netlink; -1: no queue, what comes is dropped */
	uint16_t queue;
	uint32_t latest; /* packet in the queue */
	unsigned waited;
	bool raised; /* there is a table */
};

/* --- rules ------------------------------------------------------------------------------------ */

enum verdict { HOLD, DROP, PASS };

static void put_end(struct hold_rules *h, struct nl_msg *m, struct nlattr *list, enum verdict v)
{
	if (v == PASS)
		nft_verdict(m, NF_ACCEPT);
	else if (v == DROP || h->packets < 0)
		nft_verdict(m, NF_DROP);
	else
		nft_queue(m, h->queue);
	nft_rule_end(&h->nft, m, list);
}

/* Segments that open no connection. */
static void add_tcp(
	struct hold_rules *h, const struct prefix *from, const struct prefix *to, enum verdict v)
{
	uint8_t none = 0;
	struct nlattr *list;
	struct nl_msg *m = nft_rule(&h->nft, CHAIN, &list);

	nft_addresses(m, from, to, IPPROTO_TCP);
	nft_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, 1);
	nft_mask(m, TCP_SYN);
	nft_equal(m, &none, 1);
	put_end(h, m, list, v);
}

/* What is for one socket. */
static void add_socket(struct hold_rules *h, const struct prefix *from, const struct prefix *to,
	const struct moving *s, enum verdict v)
{
	uint16_t ports[2] = {htons(s->result.peer_port), htons(s->result.local_port)};
	struct nlattr *list;
	struct nl_msg *m;

	if (h->nft.used + ROOM_FOR_RULE > NFT_BATCH_MAX)
		return;
	m = nft_rule(&h->nft, CHAIN, &list);
	nft_addresses(m, from, to, s->result.protocol);
	nft_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4);
	nft_equal(m, ports, 4);
	put_end(h, m, list, v);
}

/* Segments of our own making pass (move_send.c). */
static void add_pass(struct hold_rules *h)
{
	uint32_t mark = KERNEL_MARK;
	struct nlattr *list;
	struct nl_msg *m = nft_rule(&h->nft, CHAIN, &list);

	nft_meta(m, NFT_META_MARK);
	nft_equal(m, &mark, sizeof(mark));
	nft_verdict(m, NF_ACCEPT);
	nft_rule_end(&h->nft, m, list);
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

/* --- the queue -------------------------------------------------------------------------------- */

static int queue_send(struct hold_rules *h, struct nl_msg *m, bool answer)
{
	struct nlmsghdr *header = nlmsg_hdr(m);
	int result = 0;

	header->nlmsg_flags |= answer ? NLM_F_ACK : 0;
	header->nlmsg_seq = ++h->nft.requests;
	if (send(h->packets, header, header->nlmsg_len, 0) < 0)
		result = -errno;
	else if (answer)
		result = nft_answers(h->packets, header->nlmsg_seq, header->nlmsg_seq);
	nlmsg_free(m);
	return result;
}

static struct nl_msg *queue_request(const struct hold_rules *h, int type)
{
	return nft_message(NFNL_SUBSYS_QUEUE << 8 | type, 0, AF_UNSPEC, h->queue);
}

static int queue_bind(struct hold_rules *h)
{
	struct nfqnl_msg_config_cmd bind = {.command = NFQNL_CFG_CMD_BIND};
	struct nfqnl_msg_config_params params = {.copy_mode = NFQNL_COPY_META};
	struct nl_msg *m = queue_request(h, NFQNL_MSG_CONFIG);

	put_data(m, NFQA_CFG_CMD, &bind, sizeof(bind));
	put_data(m, NFQA_CFG_PARAMS, &params, sizeof(params));
	put_u32(m, NFQA_CFG_QUEUE_MAXLEN, htonl(QUEUE_LENGTH));
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

/* In its order. */
void hold_rules_drain(struct hold_rules *h)
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

static int rules_put(struct hold_rules *h, const struct journal *j)
{
	enum phase phase = j->head->begun ? DURING : BEFORE;

	nft_begin(&h->nft);
	nft_table(&h->nft, 0); /* in place of one that a killed process left */
	nft_table_end(&h->nft);
	nft_table(&h->nft, 0);
	nft_chain(&h->nft, CHAIN, NF_INET_LOCAL_IN, -300);
	add_pass(h);
	add_pairs(h, j, phase);
	return nft_send(&h->nft);
}

struct hold_rules *hold_rules_open(const struct journal *j)
{
	struct hold_rules *h = host_alloc(sizeof(*h));

	nft_open(&h->nft, MOVE_GROUP, j->head->watcher);
	queue_open(h);
	return h;
}

int hold_rules_raise(struct hold_rules *h, const struct journal *j, char error[MOVE_ERROR])
{
	int result = rules_put(h, j);

	if (result < 0 && h->packets >= 0) { /* a queue, but no rule that leads there */
		close(h->packets);
		h->packets = -1;
		result = rules_put(h, j);
	}
	h->raised = true;
	if (result < 0)
		snprintf(error, MOVE_ERROR, "no nftables to hold packets with: %s",
			strerror(-result));
	return result;
}

void hold_rules_adopt(struct hold_rules *h)
{
	h->raised = true;
}

static int rules_replace(struct hold_rules *h, const struct journal *j, enum phase phase)
{
	nft_begin(&h->nft);
	nft_flush(&h->nft, CHAIN);
	add_pass(h);
	add_pairs(h, j, phase);
	return nft_send(&h->nft);
}

/* One rule more: taking rules away would wait until nobody looks at them any more. */
int hold_rules_close(struct hold_rules *h, const struct journal *j, char error[MOVE_ERROR])
{
	int result;

	nft_begin(&h->nft);
	add_pair(h, j, false, false, HOLD);
	result = nft_send(&h->nft);
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
	bool already = j->head->hurried;

	hold_rules_hurry(j, true);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (!already)
		hold_rules_hurry(j, false);
}

void hold_rules_hurry(struct journal *j, bool hurry)
{
	static const char path[] = "/sys/kernel/rcu_expedited";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char was = '1';

	if (fd < 0)
		return;
	if (hurry && !j->head->hurried && pread(fd, &was, 1, 0) == 1 && was == '0')
		j->head->hurried = pwrite(fd, "1", 1, 0) == 1;
	if (!hurry && j->head->hurried && pwrite(fd, "0", 1, 0) == 1)
		j->head->hurried = false;
	close(fd);
}

unsigned hold_rules_release(struct hold_rules *h, const struct journal *j)
{
	hold_rules_drain(h);
	rules_replace(h, j, AFTER);
	hold_rules_drain(h);
	return h->waited;
}

void hold_rules_remove(const struct journal *other)
{
	struct hold_rules *h = host_alloc(sizeof(*h));

	h->packets = -1;
	h->raised = true;
	nft_open(&h->nft, MOVE_GROUP, other->head->watcher);
	hold_rules_free(h);
}

void hold_rules_free(struct hold_rules *h)
{
	if (!h)
		return;
	if (h->nft.socket >= 0 && h->raised) {
		nft_begin(&h->nft);
		nft_table_end(&h->nft);
		nft_send(&h->nft);
	}
	if (h->packets >= 0)
		close(h->packets);
	nft_close(&h->nft);
	free(h);
}
