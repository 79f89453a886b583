// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/base/ipip.h"
#include "ref/host/address.h"
#include "ref/host/decapsulate.h"
#include "ref/host/link.h"
#include "ref/host/loop.h"
#include "ref/host/nft.h"
#include "ref/host/sysctl.h"

#define CHAIN "in"
#define DEVICE "tunl0"
#define FIRST "baton-first"

struct decapsulator {
	struct kernel *kernel;
	struct nft nft;
};

/* A rule for what comes in at the device; conditions may follow. */
static struct nl_msg *begin_rule(struct decapsulator *d, bool prefix, struct nlattr **list)
{
	char device[IFNAMSIZ] = DEVICE;
	struct nl_msg *m = nft_rule(&d->nft, CHAIN, list);

	nft_meta(m, NFT_META_IIFNAME);
	if (prefix)
		nft_equal(m, DECAPSULATE_PREFIX, strlen(DECAPSULATE_PREFIX));
	else
		nft_equal(m, device, sizeof(device));
	return m;
}

static void end_rule(struct decapsulator *d, struct nl_msg *m, struct nlattr *list, int verdict)
{
	nft_verdict(m, verdict);
	nft_rule_end(&d->nft, m, list);
}

/* What came as ESP passes a second time, decrypted: by then its SA and policies answer for it. */
static void add_decrypted(struct decapsulator *d, bool prefix)
{
	struct nlattr *list;
	struct nl_msg *m = begin_rule(d, prefix, &list);
	uint8_t yes = 1;

	nft_meta(m, NFT_META_SECPATH);
	nft_equal(m, &yes, sizeof(yes));
	end_rule(d, m, list, NF_ACCEPT);
}

/* Of that protocol and to that port (0: to any), for this host: what is for another is not passed on. */
static void add_taken(struct decapsulator *d, bool prefix, uint8_t protocol, uint16_t port)
{
	uint16_t number = htons(port);
	struct nlattr *list;
	struct nl_msg *m = begin_rule(d, prefix, &list);

	nft_local(m);
	nft_meta(m, NFT_META_L4PROTO);
	nft_equal(m, &protocol, 1);
	if (port) {
		nft_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(number));
		nft_equal(m, &number, sizeof(number));
	}
	end_rule(d, m, list, NF_ACCEPT);
}

static void add_rest(struct decapsulator *d, bool prefix)
{
	struct nlattr *list;
	struct nl_msg *m = begin_rule(d, prefix, &list);

	end_rule(d, m, list, NF_DROP);
}

static int filter(struct decapsulator *d, const uint16_t ports[2])
{
	nft_begin(&d->nft);
	nft_table(&d->nft, NFT_TABLE_F_OWNER);
	nft_chain(&d->nft, CHAIN, NF_INET_PRE_ROUTING, -300);
	for (int prefix = 0; prefix < 2; prefix++) {
		add_decrypted(d, prefix);
		for (const struct ipip_inside *row = ipip_inside; row->name; row++)
			add_taken(d, prefix, row->protocol, ipip_port(row, ports));
		add_rest(d, prefix);
	}
	return nft_send(&d->nft);
}

static const struct prefix dummy = { .family = AF_INET, .length = 32, .address = { 192, 0, 0, 8 } };

int decapsulate_from_anywhere(struct kernel *k, const char *device)
{
	int result = address_add(k, device, &dummy, false);

	return result < 0 ? result : sysctl_set_device(k, device, "rp_filter", "2");
}

/* The device comes with the kernel's first tunnel. */
static int raise_device(struct kernel *k)
{
	const struct ipip nobody = { .local = { .family = AF_INET, .address = { 127, 0, 0, 1 } },
		.remote = { .family = AF_INET, .address = { 127, 66, 65, 1 } } };
	int result = link_add_ipip(k, FIRST, &nobody);

	if (result == 0)
		result = link_delete(k, FIRST);
	if (result == 0)
		result = link_set_up(k, DEVICE, true);
	if (result == 0)
		result = decapsulate_from_anywhere(k, DEVICE);
	return result;
}

struct decapsulator *decapsulator_new(struct kernel *kernel, const uint16_t ports[2])
{
	struct decapsulator *d = host_alloc(sizeof(*d));
	int result;

	d->kernel = kernel;
	nft_open(&d->nft, "baton-inside-", getpid());
	result = filter(d, ports);
	if (result == 0)
		result = raise_device(kernel);
	if (result == 0)
		return d;
	decapsulator_free(d);
	errno = -result;
	return NULL;
}

void decapsulator_free(struct decapsulator *d)
{
	if (!d)
		return;
	address_delete(d->kernel, DEVICE, &dummy);
	link_set_up(d->kernel, DEVICE, false);
	nft_close(&d->nft);
	free(d);
}
