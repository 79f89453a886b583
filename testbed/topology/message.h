// SPDX-License-Identifier: Apache-2.0
//
// What the keeper of a network and its user say to each other: whole messages over a
// SOCK_SEQPACKET socket, with descriptors beside them. Every request has one reply.

#ifndef BATON_TOPOLOGY_MESSAGE_H
#define BATON_TOPOLOGY_MESSAGE_H

#include <stdint.h>

#include "testbed/topology/network.h"

#define MESSAGE_FDS_MAX 6

enum message_op {
	/* From the keeper while the network comes up. */
	MESSAGE_PROGRESS, /* text */
	MESSAGE_FINDING,  /* file, line, text */
	MESSAGE_UP,	  /* status: 0, or why it failed; the last of the coming up */
	/* Requests. */
	/* index: node; argument[0]: priority; fds: handle, specification, stdin, stdout, stderr */
	MESSAGE_SPAWN,
	MESSAGE_SOCKET,	    /* index: node; argument: domain, type, protocol; reply: fd */
	MESSAGE_NAMESPACES, /* index: node; reply: fds user, pid, mount, network, host name, ipc */
	MESSAGE_LINK,	    /* index: link; argument[0]: up */
	MESSAGE_IMPAIR,	    /* index: link; impairment */
	MESSAGE_INFO,	    /* reply: text: the directory */
	MESSAGE_SERVICE, /* index: from 0; reply: text: "NODE SERVICE STATE", -ENOENT after last */
	MESSAGE_DETACH,
	MESSAGE_STOP,
	MESSAGE_REPLY, /* status, text */
};

struct message {
	enum message_op op;
	int32_t status;
	uint32_t index;
	int32_t argument[3];
	struct network_impairment impairment;
	uint32_t line;
	char file[512];
	char text[1536];
};

/* Sends m with n descriptors, which stay the caller's. Negative errno on failure. */
int message_send(int socket, const struct message *m, const int *fds, unsigned n);

/* The same for any message of a fixed size. */
int packet_send(int socket, const void *data, size_t size, const int *fds, unsigned n);
int packet_receive(int socket, void *data, size_t size, int fds[MESSAGE_FDS_MAX]);

/* Receives into m and fds[MESSAGE_FDS_MAX] (absent: -1), close-on-exec. -ECONNRESET: the other side
   is gone. -EINTR when a signal arrived first. */
int message_receive(int socket, struct message *m, int fds[MESSAGE_FDS_MAX]);

/* Closes those of the n that are there, and sets them to -1. */
void close_fds(int *fds, unsigned n);

#endif
