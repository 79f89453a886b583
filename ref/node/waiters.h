// SPDX-License-Identifier: Apache-2.0
/*
 * Control requests that are answered when something has happened: each waits for reports about one
 * subject, some of which are success and some failure.
 */
#ifndef BATON_NODE_WAITERS_H
#define BATON_NODE_WAITERS_H

#include <stdbool.h>

#include "ref/host/control.h"

struct waiter;
struct waiters {
	struct waiter *first;
};

/* Whether somebody waits for something: else there is no answer to be made. */
static inline bool waiters_any(const struct waiters *waiters)
{
	return waiters->first != NULL;
}

/* Waits for reports about `subject`; masks of (1u << report). */
void waiters_add(struct waiters *waiters, struct control_request *request, const void *subject,
	uint32_t success, uint32_t failure);

/* A report: answers those who waited for it. `result` may be NULL and stays the caller's; `reason`
 * is what a failure is answered with. */
void waiters_report(struct waiters *waiters, const void *subject, int report, json_t *result,
	const char *reason);

/* Refuses everybody (of that subject, or of all when it is NULL). */
void waiters_refuse(struct waiters *waiters, const void *subject, const char *reason);

#endif
