// SPDX-License-Identifier: Apache-2.0
/*
 * One UDP socket at other addresses. What waits in it stays. A connected one is connected anew; an
 * unconnected one that is bound to the old address gets the new, if the kernel chose its port. The
 * kernel gives up neither an address nor a port that a program bound together.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>

#include "ref/host/move_inside.h"

/* While it is connected to nobody, anybody's datagrams could get in: a filter takes none. Only
 * where the program has no filter of its own. */
static bool shut(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &none};
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &size) == 0 && size)
		return false;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static int settle(struct journal *j, struct moving *m, int fd, bool after)
{
	const struct move_config *c = &j->head->config;
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int mark = (int)way_mark(j, after), result;

	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	move_step(j, m, MOVE_STEP_DISCONNECT);
	if (connect(fd, &none, sizeof(none)) < 0)
		return -errno;
	move_step(j, m, MOVE_STEP_BIND);
	result = socket_bind(m, fd, local_of(c, after));
	if (result == 0 && m->result.peer_port) {
		move_step(j, m, MOVE_STEP_CONNECT);
		result = socket_connect(m, fd, local_of(c, after), peer_of(c, after));
	}
	return result;
}

void udp_move(struct journal *j, struct way *way, struct moving *m, int fd)
{
	char error[MOVE_ERROR];
	socklen_t size = sizeof(m->mark);
	bool filtered = shut(fd);
	int result, back;

	if (!m->complete)
		getsockopt(fd, SOL_SOCKET, SO_MARK, &m->mark, &size);
	m->complete = true;
	result = settle(j, m, fd, true);
	if (result == 0) {
		move_why(m, MOVE_MOVED, "%s", "");
	} else {
		way_lay(way, j, false, error);
		back = settle(j, m, fd, false);
		move_why(m, back == 0 ? MOVE_STAYED : MOVE_RESET, "%s",
			result == -EADDRNOTAVAIL ? "its program bound it to address and port"
						 : strerror(-result));
	}
	setsockopt(fd, SOL_SOCKET, SO_MARK, &m->mark, sizeof(m->mark));
	if (filtered)
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
}
