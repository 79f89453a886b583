// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/host/move.h"

static const char *const fates[] = {
	[MOVE_MOVED] = "moved",
	[MOVE_STAYED] = "stayed",
	[MOVE_RESET] = "reset",
	[MOVE_NO_OWNER] = "no-owner",
};

/* As ss(8) has them, by their number. */
static const char *const states[] = {"", "established", "syn-sent", "syn-received", "fin-wait-1",
	"fin-wait-2", "time-wait", "closed", "close-wait", "last-ack", "listen", "closing"};

const char *move_fate_name(enum move_fate fate)
{
	return fates[fate];
}

static const char *state_name(const struct move_socket *s)
{
	if (s->protocol == IPPROTO_UDP)
		return s->peer_port ? "connected" : "unconnected";
	return s->state < sizeof(states) / sizeof(states[0]) ? states[s->state] : "";
}

void move_report_free(struct move_report *r)
{
	free(r->sockets);
	r->sockets = NULL;
	r->count = 0;
}

static json_t *describe(const struct move_socket *s)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:s,s:I,s:I,s:I,s:f,s:s}", "protocol",
		s->protocol == IPPROTO_TCP ? "tcp" : "udp", "state", state_name(s), "fate",
		fates[s->fate], "local_port", (int)s->local_port, "peer_port", (int)s->peer_port,
		"owner", (int)s->owner, "program", s->name, "unread", (json_int_t)s->unread,
		"unacknowledged", (json_int_t)s->unacknowledged, "unsent", (json_int_t)s->unsent,
		"took", (double)s->took / BTIME_S, "why", s->why);
}

char *move_report_json(const struct move_report *r)
{
	json_t *list = json_array(), *whole;
	char *text;

	for (unsigned i = 0; i < r->count; i++)
		json_array_append_new(list, describe(&r->sockets[i]));
	whole = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:b,s:f,s:f,s:f,s:f,s:s,s:o}", "moved",
		(int)r->fates[MOVE_MOVED], "stayed", (int)r->fates[MOVE_STAYED], "reset",
		(int)r->fates[MOVE_RESET], "no_owner", (int)r->fates[MOVE_NO_OWNER], "owners",
		(int)r->owners, "by_signal", (int)r->by_signal, "held", (int)r->held,
		"recovered", r->recovered, "prepared_s",
		(double)r->prepared / BTIME_S, "frozen_s", (double)r->frozen / BTIME_S, "moved_s",
		(double)r->moved / BTIME_S, "finished_s", (double)r->finished / BTIME_S, "why",
		r->why, "sockets", list);
	text = json_dumps(whole, JSON_REAL_PRECISION(6));
	json_decref(whole);
	return text;
}

static double milliseconds(btime t)
{
	return (double)t / BTIME_MS;
}

static void print_socket(FILE *out, const struct move_socket *s)
{
	fprintf(out, "  %s %5u -> %-5u %-12s %-9s %s(%d)",
		s->protocol == IPPROTO_TCP ? "tcp" : "udp", s->local_port, s->peer_port,
		state_name(s), fates[s->fate], s->name[0] ? s->name : "-", (int)s->owner);
	if (s->why[0])
		fprintf(out, ": %s", s->why);
	else
		fprintf(out, ": %u unread, %u unacknowledged, %u unsent, %.2f ms", s->unread,
			s->unacknowledged, s->unsent, milliseconds(s->took));
	fputc('\n', out);
}

char *move_report_text(const struct move_report *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (r->error) {
		fprintf(out, "nothing was moved: %s\n", r->why);
		fclose(out);
		return text;
	}
	for (unsigned i = 0; i < r->count; i++)
		print_socket(out, &r->sockets[i]);
	fprintf(out,
		"%u moved, %u stayed, %u reset, %u without owner; %u programs stood still%s for "
		"%.2f ms\n",
		r->fates[MOVE_MOVED], r->fates[MOVE_STAYED], r->fates[MOVE_RESET],
		r->fates[MOVE_NO_OWNER], r->owners, r->by_signal ? " (by SIGSTOP)" : "",
		milliseconds(r->frozen));
	fprintf(out,
		"prepared in %.2f ms; last socket moved after %.2f ms, all running after %.2f "
		"ms; %u packets waited%s\n",
		milliseconds(r->prepared), milliseconds(r->moved), milliseconds(r->finished),
		r->held, r->recovered ? "; finished by the watching process" : "");
	fclose(out);
	return text;
}
