// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/hoard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "testbed/guest/tool.h"

#define ROOM_SHARE 8 /* a file may take this part of the room that is left */

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
	struct fanotify_response allow = {.fd = e->fd, .response = FAN_ALLOW};

	if (e->fd < 0)
		return;
	keep(notify, e->fd);
	if (write(notify, &allow, sizeof(allow)) < 0)
		tool_complain("a file stays closed: %s", strerror(errno));
	close(e->fd);
}

int hoard_run(void)
{
	union {
		struct fanotify_event_metadata first;
		char octets[16384];
	} events;
	int notify;
	ssize_t n;

	notify = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
	if (notify < 0 || fanotify_mark(notify, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM,
				  AT_FDCWD, "/") != 0) {
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
