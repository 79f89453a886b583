// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "ref/host/carry.h"

static void send_action(const struct action *a, struct udp *udp, struct log *log)
{
	int result = udp ? udp_send(udp, &a->local, &a->peer, a->data) : -ENOTCONN;
	char peer[64];

	if (result < 0)
		log_debug(log, "sending %zu octets to %s: %s", a->data.size,
			endpoint_text(&a->peer, peer, sizeof(peer)), strerror(-result));
}

void carry_out(const struct actions *actions, struct udp *udp, struct log *log,
	void (*report)(void *context, const struct action *action), void *context)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		switch (a->kind) {
		case ACTION_SEND: send_action(a, udp, log); break;
		case ACTION_REPORT: report(context, a); break;
		}
	}
	if (actions->overflowed)
		log_warning(log, "an engine wanted more done at once than there is room for");
}
