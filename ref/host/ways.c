// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "ref/host/loop.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/host/ways.h"

#define TABLE 0x42550000u
#define PRIORITY 9
#define TUNNEL KERNEL_PREFIX "way"
#define ANSWER_WITHIN 2000 /* ms that the kernel may take */

struct ways {
	int fd;
	pid_t pid;
};

/* From who asks: a way to put in, or none: take out what is there. */
struct request {
	bool take;
	struct way way;
};

/* --- the process -------------------------------------------------------------------------------- */

struct keeper {
	struct kernel *kernel;
	int fd;
	btime limit;
	struct way way;
	char device[IF_NAMESIZE];
	bool there;
	btime until;
	bool late; /* it was taken out before anybody said so */
};

static bool is_link(const struct way *way)
{
	return way->via.family == AF_PACKET;
}

static struct route route_of(const struct keeper *k)
{
	return (struct route){ .to = k->way.to, .source = k->way.from, .device = k->device,
		.table = TABLE };
}

static struct route_rule rule_of(const struct keeper *k)
{
	return (struct route_rule){ .family = k->way.to.family, .to = k->way.to, .mark = WAYS_MARK,
		.priority = PRIORITY, .table = TABLE };
}

/* Each step back, whether it was made or not. */
static void put_back(struct keeper *k)
{
	struct route route = route_of(k);
	struct route_rule rule = rule_of(k);

	rule_delete(k->kernel, &rule);
	route_delete(k->kernel, &route);
	if (is_link(&k->way))
		neighbour_forget(k->kernel, k->device, &k->way.to);
	else
		link_delete(k->kernel, k->device);
	k->there = false;
}

static int reach(struct keeper *k)
{
	struct ipip ends = { .local = k->way.from, .remote = prefix_of_endpoint(&k->way.via) };

	if (is_link(&k->way)) {
		if (!if_indextoname(k->way.ifindex, k->device))
			return -ENODEV;
		return neighbour_learn(k->kernel, k->device, &k->way.to, k->way.via.address);
	}
	strcpy(k->device, TUNNEL);
	return link_add_ipip(k->kernel, k->device, &ends);
}

static int put_in(struct keeper *k, const struct way *way)
{
	if (k->there)
		put_back(k);
	k->way = *way;
	k->late = false;
	int result = reach(k);
	if (result < 0)
		return result;
	k->there = true;
	struct route route = route_of(k);
	struct route_rule rule = rule_of(k);
	result = route_set(k->kernel, &route);
	if (result == 0)
		result = rule_add(k->kernel, &rule);
	if (result < 0)
		put_back(k);
	k->until = btime_add(loop_now(), k->limit);
	return result;
}

static int take_out(struct keeper *k)
{
	int result = k->late ? -ETIMEDOUT : 0;

	if (k->there)
		put_back(k);
	k->late = false;
	return result;
}

/* Until nobody can ask any more. */
static void keep(struct keeper *k)
{
	struct request r;

	for (;;) {
		struct pollfd p = { .fd = k->fd, .events = POLLIN };
		btime left = k->until - loop_now();
		int wait = !k->there ? -1 : left > 0 ? (int)(left / BTIME_MS) + 1 : 0;
		int ready = poll(&p, 1, wait);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0) {
			put_back(k);
			k->late = true;
			continue;
		}
		if (recv(k->fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
			return;
		int result = r.take ? put_in(k, &r.way) : take_out(k);
		if (send(k->fd, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			return;
	}
}

/* What ends the one who asks does not end this one: it goes when the socket is closed. */
static _Noreturn void be_keeper(int fd, btime limit)
{
	struct keeper k = { .fd = fd, .limit = limit };
	static const int deaf[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	k.kernel = kernel_open();
	if (k.kernel)
		keep(&k);
	if (k.kernel && k.there)
		put_back(&k);
	kernel_close(k.kernel);
	_exit(0);
}

/* --- who asks ----------------------------------------------------------------------------------- */

struct ways *ways_new(btime limit)
{
	struct ways *ways;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		be_keeper(pair[1], limit);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	ways = host_alloc(sizeof(*ways));
	*ways = (struct ways){ .fd = pair[0], .pid = pid };
	return ways;
}

static int ask(struct ways *ways, const struct request *r)
{
	struct pollfd p = { .fd = ways->fd, .events = POLLIN };
	int result;

	if (send(ways->fd, r, sizeof(*r), MSG_NOSIGNAL) < 0)
		return -errno;
	if (poll(&p, 1, ANSWER_WITHIN) <= 0)
		return -ETIME;
	if (recv(ways->fd, &result, sizeof(result), 0) != (ssize_t)sizeof(result))
		return -EPIPE;
	return result;
}

int ways_take(struct ways *ways, const struct way *way)
{
	struct request r = { .take = true };

	r.way = *way;
	return ask(ways, &r);
}

int ways_give_back(struct ways *ways)
{
	const struct request r = { .take = false };

	return ask(ways, &r);
}

void ways_free(struct ways *ways)
{
	if (!ways)
		return;
	close(ways->fd);
	while (waitpid(ways->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(ways);
}
