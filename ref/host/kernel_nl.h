// SPDX-License-Identifier: Apache-2.0
/* Netlink requests, for the files of this folder that change the kernel. */
#ifndef BATON_HOST_KERNEL_NL_H
#define BATON_HOST_KERNEL_NL_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "ref/host/ip.h"
#include "ref/host/kernel.h"

enum kernel_socket { KERNEL_ROUTE, KERNEL_XFRM, KERNEL_SOCKETS };

/* A request with its family header; ends the process when there is no memory. */
struct nl_msg *message_new(int type, int flags, const void *header, size_t size);

/* Attributes; end the process when there is no memory. */
void put_data(struct nl_msg *m, int attribute, const void *data, size_t size);
void put_u8(struct nl_msg *m, int attribute, uint8_t value);
void put_u32(struct nl_msg *m, int attribute, uint32_t value);
void put_text(struct nl_msg *m, int attribute, const char *text);
void put_address(struct nl_msg *m, int attribute, const struct prefix *p);
struct nlattr *nest_begin(struct nl_msg *m, int attribute);
void nest_end(struct nl_msg *m, struct nlattr *nest);

/* Sends, waits for the acknowledgement, frees the message. `what` names the request in
 * kernel_error, as by printf. */
int kernel_request(struct kernel *k, enum kernel_socket s, struct nl_msg *m, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * After a successful change: remembers the request that undoes it. The message is consumed; it
 * takes the place of an equal one.
 */
void kernel_remember(struct kernel *k, enum kernel_socket s, struct nl_msg *undo);

/* Sends a request that undoes something and forgets it as remembered, also when it failed. */
int kernel_undo(struct kernel *k, enum kernel_socket s, struct nl_msg *undo, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/* Sends a dump or get request and calls `each` for every answer; frees the message. */
int kernel_query(struct kernel *k, enum kernel_socket s, struct nl_msg *m,
	void (*each)(void *context, struct nlmsghdr *header), void *context);

/* A setting under /proc/sys to be written back at the end. */
void kernel_remember_setting(struct kernel *k, const char *path, const char *value);

/* Fills kernel_error and returns -error. `error` is positive. */
int kernel_fail(struct kernel *k, int error, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* What kernel_sweep calls, each in its own file. */
int links_sweep(struct kernel *k);
int addresses_sweep(struct kernel *k);
int routes_sweep(struct kernel *k);
int ipsec_sweep(struct kernel *k);

#endif
