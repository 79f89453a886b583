// SPDX-License-Identifier: Apache-2.0
/*
 * UDP sockets that know at which of the host's addresses a datagram arrived, and can answer from
 * that address, or from one the host does not have yet.
 */
#ifndef BATON_HOST_UDP_H
#define BATON_HOST_UDP_H

#include "ref/host/ip.h"
#include "ref/host/loop.h"

/* Octets of the largest datagram that is received; longer ones are cut and marked. */
#define UDP_DATAGRAM_MAX 65535

struct udp;

struct udp_datagram {
	struct view data;	     /* valid during the call */
	struct endpoint local, peer; /* local: the address it was sent to, and our port */
	unsigned ifindex;	     /* where it came in */
};

typedef void udp_receiver(void *context, const struct udp_datagram *datagram);

/*
 * A socket bound to `local` (address all zero: every address of that family; port 0: any), on
 * `device` only unless that is NULL. Its packets carry the mark of this program (kernel.h), so they
 * are never held back. NULL with errno set on failure; EADDRINUSE, EACCES and the like.
 */
struct udp *udp_open(struct loop *loop, const struct endpoint *local, const char *device,
	udp_receiver *receive, void *context);

/*
 * Its packets pass every IPsec policy of the host, in and out (RFC 4301 §4.4.1: the traffic of IKE
 * itself). 0 or a negative errno; needs CAP_NET_ADMIN.
 */
int udp_bypass_ipsec(struct udp *udp);

/* The kernel takes ESP out of what arrives (ipsec_udp_socket). 0 or a negative errno. */
int udp_take_esp(struct udp *udp);

/* The address and port it is bound to. */
struct endpoint udp_local(const struct udp *udp);

/*
 * Sends from `local` (family 0 or NULL: the kernel's choice; its port is ignored). 0 or a
 * negative errno. A full buffer is -EAGAIN: lost, as on the wire.
 */
int udp_send(struct udp *udp, const struct endpoint *local, const struct endpoint *peer,
	struct view data);

/* What is sent from now on has that mark instead of the program's (SO_MARK; 0: the program's again).
 * 0 or a negative errno; needs CAP_NET_ADMIN. */
int udp_mark(struct udp *udp, unsigned mark);

/* Accepts NULL. May be called from its own receiver. */
void udp_close(struct udp *udp);

#endif
