// SPDX-License-Identifier: Apache-2.0
/*
 * DHCP over IPsec (RFC 3456) at the IKE node: the remote host, which gets its address by DHCP
 * through a DHCP SA and then a Child SA for that address; and the security gateway, which relays.
 */
#ifndef BATON_IKED_DHCP_H
#define BATON_IKED_DHCP_H

#include "ref/base/engine.h"
#include "ref/host/loop.h"
#include "ref/ike/ike.h"

struct iked;
struct dhcp_link;

/* --- dhcp_link.c: the interface of a DHCP SA */
typedef void dhcp_link_receiver(void *context, struct view message);

/* DHCP messages to our `port` there. NULL with errno set. */
struct dhcp_link *dhcp_link_open(struct loop *loop, const char *device, uint16_t port,
	dhcp_link_receiver *receive, void *context);
/* 0 or a negative errno. */
int dhcp_link_send(struct dhcp_link *link, const struct endpoint *local,
	const struct endpoint *peer, struct view message);
/* Accepts NULL. Not from its own receiver. */
void dhcp_link_close(struct dhcp_link *link);

/* --- what the IKE node tells either of them. SAs that have nothing to do with it are ignored. */
struct dhcp_side {
	void (*established)(struct iked *d, struct ike_sa *sa);
	void (*child_up)(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info);
	void (*child_down)(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info);
	void (*child_failed)(struct iked *d, struct ike_sa *sa);
	void (*heir)(struct iked *d, const struct ike_sa *old, struct ike_sa *heir);
	void (*over)(struct iked *d, const struct ike_sa *sa);
};

/* --- remote_host.c */
extern const struct dhcp_side remote_host_side;
/* The host of that SA gives its address back, and its Child SA with it. 0, or -1: it has none. */
int remote_host_release(struct iked *d, const struct ike_sa *sa);
/* What it has, for the status; NULL: it is none. */
struct json_t *remote_host_status(const struct iked *d, const struct ike_sa *sa);
void remote_hosts_stop(struct iked *d);

/* --- relay.c */
extern const struct dhcp_side relay_side;
/* 0, or -1 after log_error. */
int relays_start(struct iked *d);
void relays_stop(struct iked *d);

#endif
