// SPDX-License-Identifier: Apache-2.0
/* Asking the kernel of a guest whose time is over what it is doing, before it is ended. */
#ifndef BATON_TESTBED_GUEST_INQUIRY_H
#define BATON_TESTBED_GUEST_INQUIRY_H

#include "testbed/guest/session.h"
#include "testbed/guest/tasks.h"

/*
 * Has the kernel name its tasks, by sysrq on its console; `t` is to be all zero. Takes some
 * seconds, half a minute when there is no answer; a signal of the session's ends it. The guest goes
 * on meanwhile.
 */
void guest_inquire(const struct session *s, struct tasks *t);

#endif
