// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "ref/host/kernel_nl.h"
#include "ref/host/neighbour.h"

static struct nl_msg *neighbour_message(int type, int flags, unsigned index, uint8_t kind,
	uint16_t state, const struct prefix *address)
{
	struct ndmsg header = { .ndm_family = address->family,
		.ndm_ifindex = (int)index,
		.ndm_flags = kind,
		.ndm_state = state };
	struct nl_msg *m = message_new(type, flags, &header, sizeof(header));

	put_address(m, NDA_DST, address);
	return m;
}

static unsigned index_of(struct kernel *k, const char *device)
{
	unsigned index = if_nametoindex(device);

	if (!index)
		kernel_fail(k, ENODEV, "interface %s", device);
	return index;
}

int neighbour_proxy_add(struct kernel *k, const char *device, const struct prefix *address)
{
	unsigned index = index_of(k, device);
	char text[PREFIX_TEXT];
	int result;

	if (!index)
		return -ENODEV;
	result = kernel_request(k, KERNEL_ROUTE,
		neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, NTF_PROXY,
			NUD_PERMANENT, address),
		"proxy ARP for %s on %s", address_text(address, text), device);
	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE,
			neighbour_message(RTM_DELNEIGH, 0, index, NTF_PROXY, 0, address));
	return result;
}

int neighbour_proxy_delete(struct kernel *k, const char *device, const struct prefix *address)
{
	unsigned index = index_of(k, device);
	char text[PREFIX_TEXT];

	if (!index)
		return -ENODEV;
	return kernel_undo(k, KERNEL_ROUTE,
		neighbour_message(RTM_DELNEIGH, 0, index, NTF_PROXY, 0, address),
		"ending proxy ARP for %s on %s", address_text(address, text), device);
}

int neighbour_learn(struct kernel *k, const char *device, const struct prefix *address,
	const uint8_t mac[6])
{
	unsigned index = index_of(k, device);
	char text[PREFIX_TEXT];
	struct nl_msg *m;

	if (!index)
		return -ENODEV;
	m = neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, 0, NUD_REACHABLE,
		address);
	put_data(m, NDA_LLADDR, mac, 6);
	return kernel_request(k, KERNEL_ROUTE, m, "neighbour %s on %s", address_text(address, text),
		device);
}

int neighbour_forget(struct kernel *k, const char *device, const struct prefix *address)
{
	unsigned index = index_of(k, device);
	char text[PREFIX_TEXT];

	if (!index)
		return -ENODEV;
	return kernel_request(k, KERNEL_ROUTE,
		neighbour_message(RTM_DELNEIGH, 0, index, 0, 0, address),
		"forgetting neighbour %s on %s", address_text(address, text), device);
}
