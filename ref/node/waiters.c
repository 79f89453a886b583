// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/node/waiters.h"

struct waiter {
	struct waiter *next;
	struct control_request *request;
	const void *subject;
	uint32_t success, failure;
};

void waiters_add(struct waiters *waiters, struct control_request *request, const void *subject,
	uint32_t success, uint32_t failure)
{
	struct waiter *w = host_alloc(sizeof(*w));

	*w = (struct waiter){ .next = waiters->first,
		.request = request,
		.subject = subject,
		.success = success,
		.failure = failure };
	waiters->first = w;
}

void waiters_report(struct waiters *waiters, const void *subject, int report, json_t *result,
	const char *reason)
{
	uint32_t bit = 1u << report;

	for (struct waiter **at = &waiters->first; *at;) {
		struct waiter *w = *at;
		if (w->subject != subject || !((w->success | w->failure) & bit)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		if (w->success & bit)
			control_answer(w->request, json_incref(result));
		else
			control_refuse(w->request, "%s", reason);
		free(w);
	}
}

void waiters_refuse(struct waiters *waiters, const void *subject, const char *reason)
{
	for (struct waiter **at = &waiters->first; *at;) {
		struct waiter *w = *at;
		if (subject && w->subject != subject) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		control_refuse(w->request, "%s", reason);
		free(w);
	}
}
