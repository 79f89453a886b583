// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "ref/host/loop.h"

struct loop {
	struct event_base *base;
	int status;
};

struct timer {
	struct event *event;
	void (*fire)(void *context);
	void *context;
};

struct watch {
	struct event *event;
	void (*ready)(void *context);
	void *context;
};

static void out_of_memory(void)
{
	fputs("out of memory\n", stderr);
	abort();
}

void *host_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *host_strdup(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		out_of_memory();
	return copy;
}

struct loop *loop_new(void)
{
	struct loop *loop = host_alloc(sizeof(*loop));
	struct event_config *config = event_config_new();

	/* Without the first flag epoll rounds timers up to whole milliseconds; without the second a
	 * timer counts from the start of the callback that arms it, so fires early. */
	if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) < 0 ||
		event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) < 0)
		out_of_memory();
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		out_of_memory();
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	event_base_free(loop->base);
	free(loop);
}

btime loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BTIME_S + now.tv_nsec;
}

int loop_run(struct loop *loop)
{
	loop->status = 0;
	event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
	loop->status = status;
	event_base_loopbreak(loop->base);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct timer *timer = context;

	(void)fd;
	(void)what;
	timer->fire(timer->context);
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *context), void *context)
{
	struct timer *timer = host_alloc(sizeof(*timer));

	*timer = (struct timer){ .fire = fire, .context = context };
	timer->event = evtimer_new(loop->base, timer_fired, timer);
	if (!timer->event)
		out_of_memory();
	return timer;
}

void timer_set(struct timer *timer, btime at)
{
	btime left;
	struct timeval wait;

	if (!timer)
		return;
	if (at == BTIME_NEVER) {
		evtimer_del(timer->event);
		return;
	}
	left = at - loop_now();
	if (left < 0)
		left = 0;
	/* Up to the next microsecond: a timer never fires early. */
	left = (left + BTIME_US - 1) / BTIME_US;
	wait = (struct timeval){ .tv_sec = left / 1000000, .tv_usec = left % 1000000 };
	evtimer_add(timer->event, &wait);
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

static void watch_ready(evutil_socket_t fd, short what, void *context)
{
	struct watch *watch = context;

	(void)fd;
	(void)what;
	watch->ready(watch->context);
}

static struct watch *watch_new(struct loop *loop, int fd, short what, void (*ready)(void *),
	void *context)
{
	struct watch *watch = host_alloc(sizeof(*watch));

	*watch = (struct watch){ .ready = ready, .context = context };
	watch->event = event_new(loop->base, fd, (short)(what | EV_PERSIST), watch_ready, watch);
	if (!watch->event || event_add(watch->event, NULL) < 0)
		out_of_memory();
	return watch;
}

struct watch *watch_readable(struct loop *loop, int fd, void (*ready)(void *context), void *context)
{
	return watch_new(loop, fd, EV_READ, ready, context);
}

struct watch *watch_signal(struct loop *loop, int signal, void (*caught)(void *context),
	void *context)
{
	return watch_new(loop, signal, EV_SIGNAL, caught, context);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	event_free(watch->event);
	free(watch);
}
