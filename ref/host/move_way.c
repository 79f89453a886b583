// SPDX-License-Identifier: Apache-2.0
/*
 * Source addresses by route.
 *
 * A socket that bind(2) gave an address keeps it for good, so a moved socket is given its port
 * alone, and connect(2) takes the source address from the route: one in a table of its own, found
 * by a mark that the socket bears only for that moment.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/host/kernel.h"
#include "ref/host/move_inside.h"
#include "ref/host/route.h"

#define MARK 0x4d000000u
#define INITIAL_WINDOW 10u /* segments */
#define PRIORITY 10 /* before any rule of the user's own */

struct way {
	struct kernel *kernel; /* NULL: `error` says why */
	int error;
	bool laid[2]; /* before and after */
};

unsigned way_mark(const struct journal *j, bool after)
{
	return MARK | ((unsigned)j->head->watcher & 0x7fffffu) << 1 | after;
}

/*
 * The kernel takes what was under way on the old path, and is lost, for under way on the new one. Where
 * there is any, as much again is allowed as for any new path (RFC 6928 §2), or programs could send
 * nothing until that is found out.
 */
static unsigned window(const struct journal *j)
{
	for (unsigned i = 0; i < j->head->sockets; i++)
		if (journal_socket(j, i)->result.protocol == IPPROTO_TCP &&
			journal_socket(j, i)->result.unacknowledged)
			return 2 * INITIAL_WINDOW;
	return 0;
}

static int add(struct way *w, const struct journal *j, bool after)
{
	const struct move_config *c = &j->head->config;
	struct prefix local = *local_of(c, after), peer = *peer_of(c, after);
	struct route_answer answer;
	struct route route = {.to = peer, .source = local, .table = way_mark(j, after)};
	struct route_rule rule = {.family = peer.family,
		.mark = way_mark(j, after),
		.priority = PRIORITY,
		.table = way_mark(j, after)};
	int result = route_lookup(w->kernel, &peer, &local, &answer);

	if (result < 0)
		return result;
	route.to.length = (uint8_t)(8 * ip_size(peer.family));
	route.via = answer.via;
	route.on_link = answer.via.family != 0;
	route.device = answer.device;
	route.window = window(j);
	result = route_set(w->kernel, &route);
	if (result < 0)
		return result;
	result = rule_add(w->kernel, &rule);
	if (result == -EEXIST) { /* a killed process's */
		rule_delete(w->kernel, &rule);
		result = rule_add(w->kernel, &rule);
	}
	return result;
}

struct way *way_open(void)
{
	struct way *w = host_alloc(sizeof(*w));

	w->kernel = kernel_open();
	w->error = errno;
	return w;
}

int way_lay(struct way *w, const struct journal *j, bool after, char error[MOVE_ERROR])
{
	int result = w->laid[after] ? 0 : w->kernel ? add(w, j, after) : -w->error;

	w->laid[after] = result == 0;
	if (result < 0)
		snprintf(error, MOVE_ERROR, "no way between the %s addresses: %s",
			after ? "new" : "old",
			w->kernel ? kernel_error(w->kernel) : strerror(w->error));
	return result;
}

void way_free(struct way *w)
{
	if (!w)
		return;
	kernel_close(w->kernel);
	free(w);
}
