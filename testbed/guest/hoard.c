// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/hoard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/btime.h"
#include "testbed/guest/tool.h"

#define ROOM_SHARE 8		    /* a file may take this part of the room that is left */
#define AWAKE_AFTER (50 * BTIME_MS) /* other waits for the host follow soon: the next library */

/* Until when the guest is not to be idle. */
static atomic_int_least64_t awake_until;
static sem_t wake_up;

static btime now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * BTIME_S + t.tv_nsec;
}

/*
 * Keeps the processor busy, when nobody else does, while a file comes from the host: the clock of a
 * busy machine counts its instructions and does not jump.
 */
static void *stay_awake(void *unused)
{
	const struct sched_param lowest = { .sched_priority = 0 };

	(void)unused;
	sched_setscheduler(0, SCHED_IDLE, &lowest);
	for (;;) {
		while (sem_wait(&wake_up) != 0)
			;
		while (now() < atomic_load(&awake_until))
			;
	}
	return NULL;
}

/* Whether there is room enough in the layer for so many octets. */
static bool room_for(int fd, off_t size)
{
	struct statvfs room;

	return fstatvfs(fd, &room) == 0 &&
		(uint64_t)size <= (uint64_t)room.f_bavail * room.f_frsize / ROOM_SHARE;
}

/*
 * A change of the mode, to what it is, makes overlayfs copy the file; unlike opening it for
 * writing, it works for a program that runs. Then nothing more is heard of this file.
 */
static void keep(int notify, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	if (room_for(fd, st.st_size))
		fchmod(fd, st.st_mode & 07777);
	fanotify_mark(notify, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY,
		FAN_OPEN_PERM, fd, NULL);
}

/* Whoever opens the file waits until it is kept, so that after the first use nothing is left. */
static void answer(int notify, const struct fanotify_event_metadata *e)
{
	struct fanotify_response allow = { .fd = e->fd, .response = FAN_ALLOW };

	if (e->fd < 0)
		return;
	atomic_store(&awake_until, BTIME_NEVER);
	sem_post(&wake_up);
	keep(notify, e->fd);
	if (write(notify, &allow, sizeof(allow)) < 0)
		tool_complain("a file stays closed: %s", strerror(errno));
	close(e->fd);
	atomic_store(&awake_until, now() + AWAKE_AFTER);
}

int hoard_run(void)
{
	union {
		struct fanotify_event_metadata first;
		char octets[16384];
	} events;
	pthread_t waker;
	int notify;
	ssize_t n;

	sem_init(&wake_up, 0, 0);
	if (pthread_create(&waker, NULL, stay_awake, NULL) != 0) {
		tool_complain("the guest cannot be kept awake");
		return 1;
	}
	notify = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
	if (notify < 0 ||
		fanotify_mark(notify, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
			"/") != 0) {
		tool_complain("files cannot be kept in the guest's memory: %s", strerror(errno));
		return 1;
	}
	while ((n = read(notify, &events, sizeof(events))) > 0 || errno == EINTR) {
		const struct fanotify_event_metadata *e = &events.first;

		for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n))
			answer(notify, e);
	}
	return 1;
}
