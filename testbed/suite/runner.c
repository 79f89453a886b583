// SPDX-License-Identifier: Apache-2.0
/*
 * Tests mostly wait: for a retransmission, for silence. So many run side by side, each in a thread
 * of its own with a network of its own. The main thread shows progress and takes the signals; what
 * has to be forked is forked by a launcher, a process of one thread.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "testbed/report/progress.h"
#include "testbed/suite/runner.h"
#include "testbed/topology/network.h"

struct pool {
	const struct run *run;
	const struct runner_options *options;
	struct unit *units;
	size_t count;
	pthread_mutex_t lock;
	size_t next;	 /* unit to be begun */
	bool stopped;	 /* begin no more */
	int finished_fd; /* counts units that ended */
	size_t *finished; /* their numbers, in the order of their end */
	size_t finished_count;
};

static bool take(struct pool *p, size_t *i)
{
	pthread_mutex_lock(&p->lock);
	bool got = !p->stopped && p->next < p->count;
	if (got)
		*i = p->next++;
	pthread_mutex_unlock(&p->lock);
	return got;
}

static void give(struct pool *p, size_t i)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	p->finished[p->finished_count++] = i;
	pthread_mutex_unlock(&p->lock);
	if (write(p->finished_fd, &one, sizeof(one)) < 0)
		abort();
}

/* Worth another try: what did not pass, and is not an answer by itself. */
static bool try_again(const struct pool *p, const struct unit *u)
{
	return verdict_is_bad(u->outcome.verdict) && !u->interrupted && !p->stopped &&
		u->attempts <= p->options->retry;
}

static void *work(void *context)
{
	struct pool *p = context;
	size_t i;

	while (take(p, &i)) {
		struct unit *u = &p->units[i];
		u->number = (unsigned)i + 1;
		unit_run(p->run, u);
		while (try_again(p, u)) {
			unit_release(u);
			unit_run(p->run, u);
			u->flaky = u->outcome.verdict == VERDICT_PASS;
		}
		give(p, i);
	}
	return NULL;
}

static void show(struct progress *progress, const struct unit *u)
{
	char name[320], reason[760];

	if (!progress || u->interrupted)
		return;
	snprintf(name, sizeof(name), "%s/%s", u->suite->name, u->name);
	snprintf(reason, sizeof(reason), "%s:%u: %s", u->suite->file,
		u->outcome.line ? u->outcome.line : u->test->line, u->outcome.reason);
	progress_begin(progress, name);
	progress_end(progress, u->outcome.verdict, reason, u->duration_s);
}

/* Until all that was begun has ended; a signal stops what has not begun and wakes what has. */
static int supervise(struct pool *p, struct progress *progress, int signals)
{
	struct pollfd fds[] = { { .fd = p->finished_fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };
	const uint64_t one = 1;
	size_t shown = 0;
	int signal = 0;

	for (;;) {
		struct signalfd_siginfo info;
		uint64_t n;
		pthread_mutex_lock(&p->lock);
		size_t begun = p->next, ended = p->finished_count;
		bool over = ended == begun && (p->stopped || begun == p->count);
		pthread_mutex_unlock(&p->lock);
		while (shown < ended)
			show(progress, &p->units[p->finished[shown++]]);
		if (over)
			return signal;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return SIGTERM;
		if (fds[0].revents && read(p->finished_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
			abort();
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info)) {
			signal = (int)info.ssi_signo;
			pthread_mutex_lock(&p->lock);
			p->stopped = true;
			pthread_mutex_unlock(&p->lock);
			if (write(p->run->wake, &one, sizeof(one)) < 0)
				abort();
		}
	}
}

int runner_run(struct run *run, struct unit *units, size_t count,
	const struct runner_options *options)
{
	struct progress *progress = options->progress ? progress_start(options->progress, count) :
							NULL;
	struct pool p = { .run = run, .options = options, .units = units, .count = count,
		.finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.finished = calloc(count + 1, sizeof(*p.finished)) };
	unsigned jobs = options->jobs < count ? options->jobs : (unsigned)count;
	pthread_t *threads = calloc(jobs + 1, sizeof(*threads));
	sigset_t ends, before;
	unsigned started = 0;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, &before);
	int signals = signalfd(-1, &ends, SFD_CLOEXEC);
	run->wake = eventfd(0, EFD_CLOEXEC);
	if (!p.finished || !threads || p.finished_fd < 0 || signals < 0 || run->wake < 0)
		abort();
	if (run->wire) /* without one each test says why its network did not come up */
		network_launcher_open(run->wire, &run->launcher);
	pthread_mutex_init(&p.lock, NULL);
	while (started < jobs && pthread_create(&threads[started], NULL, work, &p) == 0)
		started++;
	int signal = started || !count ? supervise(&p, progress, signals) : SIGTERM;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	network_launcher_close(run->launcher);
	run->launcher = NULL;
	if (progress)
		progress_finish(progress);
	pthread_mutex_destroy(&p.lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(signals);
	close(run->wake);
	close(p.finished_fd);
	run->wake = -1;
	free(p.finished);
	free(threads);
	return signal;
}
