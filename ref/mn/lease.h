// SPDX-License-Identifier: Apache-2.0
/*
 * The care-of address of a mobile node on its device: by DHCP with duplicate address detection
 * (RFC 2131, RFC 5227), fixed, or brought along from the preparation.
 */
#ifndef BATON_MN_LEASE_H
#define BATON_MN_LEASE_H

#include "ref/host/ip.h"
#include "ref/mn/settings.h"

struct lease;

struct lease_address {
	struct prefix address; /* with the length of its subnet; family 0: none */
	struct prefix router;
	uint8_t router_mac[6];
	bool router_mac_known;
	bool fixed; /* no DHCP server knows of it: there is none to confirm it */
};

struct lease_callbacks {
	void *context;
	/* The address is on the device and routed. */
	void (*bound)(void *context, const struct lease_address *address);
	/* None to be had; `why` in words. */
	void (*failed)(void *context, const char *why);
	/* The one there was may not be used any more, and is off; another is being acquired. */
	void (*lost)(void *context, const char *why);
};

/* NULL after log_error. */
struct lease *lease_open(struct node *node, const struct device_settings *settings,
	const struct lease_callbacks *callbacks);

/* Takes the address off the device. Accepts NULL. */
void lease_close(struct lease *lease);

/*
 * Acquires one by DHCP in the network of that name, which must outlive the lease. An address that
 * the node had there before, and whose lease is still valid, is asked for again (INIT-REBOOT, RFC
 * 2131 §3.2, §4.4.2); the server need not know it any more.
 */
void lease_acquire(struct lease *lease, const char *network);

/*
 * Uses this one in that network at once: on the device and routed. What there was stays until
 * lease_settle. 0, or -1 after log_error.
 */
int lease_adopt(struct lease *lease, const char *network, const struct lease_address *address);

/* Announces the address by gratuitous ARP, and defends it from now on (RFC 5227 §2.3). */
void lease_announce(struct lease *lease);

/* Removes what the new address has replaced; with `renew`, asks the DHCP server to confirm the
 * lease that somebody else acquired for us. */
void lease_settle(struct lease *lease, bool renew);

/*
 * A link-local address (RFC 3927) for talking to the agent of a network in which there is no other
 * yet (RFC 5191 §4.1: PANA needs one); made from the MAC address, routed to the agent alone, not
 * defended, gone with the first real address. `*local` receives it. 0, or -1 after log_error.
 */
int lease_visit(struct lease *lease, const struct prefix *agent, struct endpoint *local);

/* That address again. */
const struct endpoint *lease_visitor(const struct lease *lease);

/* No address any more; `give_back`: the server is told. */
void lease_drop(struct lease *lease, bool give_back);

/* The address there is; family 0: none. */
const struct lease_address *lease_address(const struct lease *lease);

/* The hardware address and the DHCP client identifier (with its type octet), for whoever acts on
 * this node's behalf. `id` has 64 octets. */
const uint8_t *lease_mac(const struct lease *lease);
size_t lease_client_id(const struct lease *lease, uint8_t *id);

#endif
