// SPDX-License-Identifier: Apache-2.0
/*
 * The event loop of a node: one thread, timers on CLOCK_MONOTONIC in nanoseconds, descriptors,
 * signals. Everything a node does happens in a callback from here.
 */
#ifndef BATON_HOST_LOOP_H
#define BATON_HOST_LOOP_H

#include "ref/base/btime.h"

struct loop;
struct timer;
struct watch;
struct event_base;

/* Ends the process when the kernel gives no loop. */
struct loop *loop_new(void);

/* Frees the loop; timers and watches must be gone. Accepts NULL. */
void loop_free(struct loop *loop);

/* CLOCK_MONOTONIC now. */
btime loop_now(void);

/* Runs until loop_stop; returns its status. */
int loop_run(struct loop *loop);

/* Ends loop_run after the present callback. */
void loop_stop(struct loop *loop, int status);

/* The libevent base, for what libevent does better than this header (buffered sockets). */
struct event_base *loop_base(struct loop *loop);

/* A timer, not armed. `fire` may arm, disarm or free it. */
struct timer *timer_new(struct loop *loop, void (*fire)(void *context), void *context);

/* Fires once at `at`, at once when that has passed, never at BTIME_NEVER. Accepts NULL. */
void timer_set(struct timer *timer, btime at);

/* Accepts NULL. */
void timer_free(struct timer *timer);

/* Calls `ready` whenever `fd`, which stays the caller's, can be read. `ready` may free the watch. */
struct watch *watch_readable(struct loop *loop, int fd, void (*ready)(void *context),
	void *context);

/* Calls `caught` from the loop when the signal came. */
struct watch *watch_signal(struct loop *loop, int signal, void (*caught)(void *context),
	void *context);

/* Accepts NULL. */
void watch_free(struct watch *watch);

/* calloc that ends the process instead of failing. */
void *host_alloc(size_t size);

/* strdup, likewise; NULL stays NULL. */
char *host_strdup(const char *text);

#endif
