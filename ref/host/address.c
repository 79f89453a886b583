// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "ref/host/address.h"
#include "ref/host/kernel_nl.h"
#include "ref/host/link.h"

static struct nl_msg *address_message(int type, int flags, unsigned index,
	const struct prefix *address)
{
	struct ifaddrmsg header = { .ifa_family = address->family,
		.ifa_prefixlen = address->length,
		.ifa_index = index };
	struct nl_msg *m = message_new(type, flags, &header, sizeof(header));

	put_address(m, IFA_LOCAL, address);
	put_address(m, IFA_ADDRESS, address);
	return m;
}

int address_add(struct kernel *k, const char *device, const struct prefix *address, bool on_link)
{
	struct link_info info;
	char text[PREFIX_TEXT];
	struct nl_msg *m;
	int result = link_get(k, device, &info);

	if (result < 0)
		return result;
	m = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, info.index, address);
	put_u32(m, IFA_FLAGS, (on_link ? 0 : IFA_F_NOPREFIXROUTE) | IFA_F_NODAD);
	put_u8(m, IFA_PROTO, KERNEL_PROTOCOL); /* so that addresses_sweep finds it */
	result = kernel_request(k, KERNEL_ROUTE, m, "adding address %s to %s",
		prefix_text(address, text), device);
	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE,
			address_message(RTM_DELADDR, 0, info.index, address));
	return result;
}

int address_delete(struct kernel *k, const char *device, const struct prefix *address)
{
	struct link_info info;
	char text[PREFIX_TEXT];
	int result = link_get(k, device, &info);

	if (result < 0)
		return result;
	return kernel_undo(k, KERNEL_ROUTE, address_message(RTM_DELADDR, 0, info.index, address),
		"deleting address %s from %s", prefix_text(address, text), device);
}

struct wanted {
	unsigned index;
	struct prefix found;
};

static void take_address(void *context, struct nlmsghdr *h)
{
	struct wanted *w = context;
	struct nlattr *attributes[IFA_MAX + 1], *at;
	const struct ifaddrmsg *info = nlmsg_data(h);

	if (info->ifa_index != w->index || info->ifa_scope != RT_SCOPE_UNIVERSE ||
		w->found.family ||
		nlmsg_parse(h, sizeof(*info), attributes, IFA_MAX, NULL) < 0)
		return;
	at = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	if (!at || nla_len(at) != (int)ip_size(info->ifa_family))
		return;
	w->found.family = info->ifa_family;
	w->found.length = info->ifa_prefixlen;
	memcpy(w->found.address, nla_data(at), ip_size(info->ifa_family));
}

int address_get(struct kernel *k, const char *device, uint8_t family, struct prefix *out)
{
	struct ifaddrmsg header = { .ifa_family = family };
	struct wanted wanted = { 0 };
	struct link_info info;
	int result = link_get(k, device, &info);

	if (result < 0)
		return result;
	wanted.index = info.index;
	result = kernel_query(k, KERNEL_ROUTE,
		message_new(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header)), take_address,
		&wanted);
	if (result < 0)
		return result;
	if (!wanted.found.family)
		return kernel_fail(k, EADDRNOTAVAIL, "%s has no address", device);
	*out = wanted.found;
	return 0;
}

/* --- sweeping --------------------------------------------------------------------------------- */

struct sweep {
	struct nl_msg *list[64];
	unsigned count;
};

static void note_own(void *context, struct nlmsghdr *h)
{
	struct sweep *own = context;
	struct nlattr *attributes[IFA_PROTO + 1];
	const struct ifaddrmsg *info = nlmsg_data(h);
	struct prefix p = { .family = info->ifa_family, .length = info->ifa_prefixlen };

	if (nlmsg_parse(h, sizeof(*info), attributes, IFA_PROTO, NULL) < 0 ||
		!attributes[IFA_PROTO] || nla_get_u8(attributes[IFA_PROTO]) != KERNEL_PROTOCOL ||
		!attributes[IFA_LOCAL] ||
		nla_len(attributes[IFA_LOCAL]) != (int)ip_size(info->ifa_family) ||
		own->count == sizeof(own->list) / sizeof(own->list[0]))
		return;
	memcpy(p.address, nla_data(attributes[IFA_LOCAL]), ip_size(p.family));
	own->list[own->count++] = address_message(RTM_DELADDR, 0, info->ifa_index, &p);
}

int addresses_sweep(struct kernel *k)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct sweep own = { .count = 0 };
	int result = kernel_query(k, KERNEL_ROUTE,
		message_new(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header)), note_own, &own);

	for (unsigned i = 0; i < own.count; i++) {
		int each = kernel_request(k, KERNEL_ROUTE, own.list[i],
			"removing an address of an earlier run");
		if (each < 0 && each != -EADDRNOTAVAIL)
			result = each;
	}
	return result;
}
