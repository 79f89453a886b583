// SPDX-License-Identifier: Apache-2.0
/* What a feature has the two ends do, and how it is known that it is done: by the kernel and the wire. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "testbed/interop/cell_inside.h"

#define CONNECT_S 70 /* OpenIKED looks once a minute whether there is something to begin */
#define REKEY_S 60
#define PINGS 8
#define COMMAND_MS 20000
#define VERB_S 20

static btime now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (btime)t.tv_sec * BTIME_S + t.tv_nsec;
}

/* Sleeps, and takes in what was captured. */
static void pass(struct work *w, unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
	capture_drain(&w->capture);
	wiretap_read(&w->cell->wire, &w->capture);
}

static bool command(struct work *w, enum part end, const char *text)
{
	const char *argv[] = { "sh", "-c", text, NULL };
	int status = -1;

	return network_run(w->network, part_names[end],
		       &(struct spawn){ .argv = argv, .log = w->logs[end] }, &status, COMMAND_MS,
		       NULL) == 0 && status == 0;
}

static bool crashed(struct work *w)
{
	char why[400];

	for (unsigned i = 0; i < 2; i++) {
		if (!sut_crashed(w->suts[i], why, sizeof(why)))
			continue;
		cell_end(w, VERDICT_CRASH, "the %s: %s", part_names[i], why);
		return true;
	}
	return false;
}

/* Asks an end for a verb. 0, or -1 with the verdict: unsupported in its own words. */
static int ask(struct work *w, enum part end, const char *verb, const char *argument)
{
	const char *arguments[] = { argument, NULL };
	const char *name = w->cell->ends[end]->manifest->name;
	char line[256];
	int status = sut_ask(w->suts[end], verb, arguments, VERB_S, line, sizeof(line));

	if (status == 0)
		return 0;
	if (status == VERB_UNSUPPORTED)
		return cell_end(w, VERDICT_UNSUPPORTED, "%s: %s", name,
			*line ? line : "its adapter has no such verb");
	return cell_end(w, VERDICT_INCONCLUSIVE, "%s did not take the verb %s%s%s", name, verb,
		*line ? ": " : "", line);
}

/* Both kernels have ESP for what goes out, with keys. */
static bool stands(struct work *w)
{
	static const char look[] = "ip xfrm policy list dir out | grep -q 'proto esp' && "
				   "ip xfrm state | grep -q '^[[:space:]]*\\(enc\\|aead\\) '";

	return command(w, PART_INITIATOR, look) && command(w, PART_RESPONDER, look);
}

static int connect_both(struct work *w)
{
	if (ask(w, PART_INITIATOR, "connect", NULL) < 0)
		return -1;
	for (unsigned waited = 0, nap = 500; waited < CONNECT_S * 1000; waited += nap) {
		nap = waited < 5000 ? 500 : 2500;
		pass(w, nap);
		if (crashed(w))
			return -1;
		if (w->cell->wire.count > 1 && stands(w)) {
			pass(w, 500);
			return 0;
		}
	}
	return cell_end(w, VERDICT_FAIL, "%d s after the start there is no ESP in both kernels",
		CONNECT_S);
}

/* One echo at a time: what is under way while keys or addresses change may be lost. */
static int ping(struct work *w)
{
	static const char inside[] =
		"a=$(ip -o -4 addr show to 10.77.0.0/24 | sed -n 's/.* inet \\([0-9.]*\\).*/\\1/p' | head -1); "
		"ping -n -q -c 2 -i 0.2 -W 1 -I ${a:-10.1.0.1} 10.2.0.1";
	struct evidence *e = &w->evidence;

	if (e->ping_count == sizeof(e->pings) / sizeof(e->pings[0]))
		return cell_end(w, VERDICT_ERROR, "a feature has more pings than there is room for");
	for (unsigned i = 0; i < PINGS; i++) {
		btime from = now();
		bool answered = command(w, PART_INITIATOR, inside);
		pass(w, 100);
		if (crashed(w))
			return -1;
		if (!answered)
			continue;
		e->pings[e->ping_count].from = from;
		e->pings[e->ping_count++].to = now();
		return 0;
	}
	return cell_end(w, VERDICT_FAIL, "the echo through ESP is not answered%s",
		e->moved ? " after the move" : e->ping_count ? " after the rekeying" : "");
}

static int rekey(struct work *w)
{
	unsigned before = facts_rekeyings(&w->cell->wire);

	for (unsigned i = 0; i < 2 * REKEY_S; i++) {
		pass(w, 500);
		if (crashed(w))
			return -1;
		if (facts_rekeyings(&w->cell->wire) > before) {
			pass(w, 3000); /* the Delete of the old one, and its answer */
			return 0;
		}
	}
	return cell_end(w, VERDICT_FAIL, "nobody rekeyed within %d s", REKEY_S);
}

static int move(struct work *w)
{
	char second[16];

	snprintf(second, sizeof(second), "%u.%u.%u.%u", w->evidence.second[0], w->evidence.second[1],
		w->evidence.second[2], w->evidence.second[3]);
	pass(w, 500);
	w->evidence.moved = now();
	if (ask(w, PART_INITIATOR, "move", second) < 0)
		return -1;
	pass(w, 5000);
	return crashed(w) ? -1 : 0;
}

static int terminate(struct work *w)
{
	if (ask(w, PART_INITIATOR, "terminate", NULL) < 0)
		return -1;
	pass(w, 2000);
	return crashed(w) ? -1 : 0;
}

int cell_steps(struct work *w)
{
	static int (*const steps[])(struct work *w) = { [STEP_CONNECT] = connect_both,
		[STEP_PING] = ping, [STEP_REKEY] = rekey, [STEP_MOVE] = move,
		[STEP_TERMINATE] = terminate };
	const struct feature *f = w->cell->feature;

	for (size_t i = 0; i < f->step_count; i++)
		if (steps[f->steps[i]](w) < 0)
			return -1;
	return 0;
}
