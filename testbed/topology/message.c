// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
};

int packet_send(int socket, const void *data, size_t size, const int *fds, unsigned n)
{
	struct iovec iov = { (void *)(uintptr_t)data, size };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t sent;

	if (n) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *header, int fds[MESSAGE_FDS_MAX])
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	}
}

int packet_receive(int socket, void *data, size_t size, int fds[MESSAGE_FDS_MAX])
{
	struct iovec iov = { data, size };
	union control control;
	struct msghdr header = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t got;

	for (unsigned i = 0; i < MESSAGE_FDS_MAX; i++)
		fds[i] = -1;
	got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	if (got < 0)
		return -errno;
	if (got == 0)
		return -ECONNRESET;
	take_fds(&header, fds);
	if ((size_t)got == size && !(header.msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
		return 0;
	close_fds(fds, MESSAGE_FDS_MAX);
	return -EPROTO;
}

int message_send(int socket, const struct message *m, const int *fds, unsigned n)
{
	return packet_send(socket, m, sizeof(*m), fds, n);
}

int message_receive(int socket, struct message *m, int fds[MESSAGE_FDS_MAX])
{
	int error = packet_receive(socket, m, sizeof(*m), fds);

	m->text[sizeof(m->text) - 1] = '\0';
	m->file[sizeof(m->file) - 1] = '\0';
	return error;
}

void close_fds(int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
