// SPDX-License-Identifier: Apache-2.0
/*
 * Requests of nf_tables, for the files of this folder that filter packets: one table, of the
 * family inet, and batches of requests that are carried out all or not at all.
 */
#ifndef BATON_HOST_NFT_H
#define BATON_HOST_NFT_H

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/types.h>

#include "ref/host/kernel_nl.h"

#define NFT_BATCH_MAX (512 * 1024)

struct nft {
	int socket; /* -1: none to be had */
	char table[32];
	unsigned char *batch;
	size_t used;
	uint32_t first, requests; /* of the batch; so far */
};

/* The table will have that name followed by the number. */
void nft_open(struct nft *n, const char *name, pid_t pid);
/* The table stays, but for one that is owned (NFT_TABLE_F_OWNER). */
void nft_close(struct nft *n);

/* A message of nfnetlink; `type` with its subsystem, `resource` in host byte order. */
struct nl_msg *nft_message(int type, int flags, uint8_t family, uint16_t resource);
/* The first refusal of these requests at a netlink socket, or 0 when the last was acknowledged. */
int nft_answers(int socket, uint32_t first, uint32_t last);

/* A batch: begin, put what is to be done together, send. 0 or a negative errno. What does not fit
 * in is left out. */
void nft_begin(struct nft *n);
void nft_put(struct nft *n, struct nl_msg *m);
int nft_send(struct nft *n);

/* To be put: the table (flags NFT_TABLE_F_*), its end, chains, rules. */
void nft_table(struct nft *n, uint32_t flags);
void nft_table_end(struct nft *n);
void nft_chain(struct nft *n, const char *name, uint32_t hook, int priority);
void nft_chain_end(struct nft *n, const char *name);
void nft_flush(struct nft *n, const char *chain);
/* A rule at the chain's end: its expressions between these two. */
struct nl_msg *nft_rule(const struct nft *n, const char *chain, struct nlattr **list);
void nft_rule_end(struct nft *n, struct nl_msg *m, struct nlattr *list);

/* Expressions. Those that load (meta, payload) come before one that compares. */
void nft_meta(struct nl_msg *m, enum nft_meta_keys key);
void nft_payload(struct nl_msg *m, enum nft_payload_bases base, uint32_t at, uint32_t size);
void nft_mask(struct nl_msg *m, uint8_t mask);
void nft_equal(struct nl_msg *m, const void *data, size_t size);
/* Packets of that protocol to `to`, and from `from` unless it is NULL. */
void nft_addresses(struct nl_msg *m, const struct prefix *from, const struct prefix *to,
	uint8_t protocol);
/* Only for what is to an address of this host. */
void nft_local(struct nl_msg *m);
/* Goes on only for what is beyond so many octets. */
void nft_quota_over(struct nl_msg *m, uint64_t octets);
void nft_verdict(struct nl_msg *m, int code);
void nft_queue(struct nl_msg *m, uint16_t queue);

#endif
