// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/hoard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "testbed/guest/tool.h"

#define ROOM_SHARE 8	 /* a file may take this part of the room that is left */
#define FOLDERS_MAX 2048 /* whose symbolic links are kept */

struct hoard {
	int notify;
	ino_t folders[FOLDERS_MAX]; /* done */
	unsigned folder_count;
};

/* Whether there is room enough in the layer for so many octets. */
static bool room_for(int fd, off_t size)
{
	struct statvfs room;

	return fstatvfs(fd, &room) == 0 &&
	       (uint64_t)size <= (uint64_t)room.f_bavail * room.f_frsize / ROOM_SHARE;
}

/*
 * Copies the symbolic links of a folder, once: following one on 9p asks the host each time, and
 * nobody tells which was followed. Setting no owner at all makes overlayfs copy a link.
 */
static void keep_links(struct hoard *h, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return;
	if (fstat(dirfd(dir), &st) != 0 || h->folder_count == FOLDERS_MAX)
		goto out;
	for (unsigned i = 0; i < h->folder_count; i++) {
		if (h->folders[i] == st.st_ino)
			goto out;
	}
	h->folders[h->folder_count++] = st.st_ino;
	while ((entry = readdir(dir))) {
		if (entry->d_type == DT_LNK &&
			fchownat(dirfd(dir), entry->d_name, -1, -1, AT_SYMLINK_NOFOLLOW) != 0)
			break; /* no room */
	}
out:
	closedir(dir);
}

/* The folder of an open file. */
static void keep_links_beside(struct hoard *h, int fd)
{
	char self[64], path[PATH_MAX], *slash;
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash && slash != path) {
		*slash = '\0';
		keep_links(h, path);
	}
}

/*
 * A change of the mode, to what it is, makes overlayfs copy the file; unlike opening it for
 * writing, it works for a program that runs. Then nothing more is heard of this file.
 */
static void keep(struct hoard *h, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	if (room_for(fd, st.st_size))
		fchmod(fd, st.st_mode & 07777);
	keep_links_beside(h, fd);
	fanotify_mark(h->notify,
		FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, fd,
		NULL);
}

int hoard_run(void)
{
	struct hoard h = {.notify = -1};
	union {
		struct fanotify_event_metadata first;
		char octets[16384];
	} events;
	ssize_t n;

	h.notify = fanotify_init(FAN_CLOEXEC, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
	if (h.notify < 0 || fanotify_mark(h.notify, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
				    AT_FDCWD, "/")) {
		tool_complain("files cannot be kept in the guest's memory: %s", strerror(errno));
		return 1;
	}
	keep_links(&h, "/");
	while ((n = read(h.notify, &events, sizeof(events))) > 0 || errno == EINTR) {
		const struct fanotify_event_metadata *e = &events.first;

		for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			if (e->fd < 0)
				continue;
			keep(&h, e->fd);
			close(e->fd);
		}
	}
	return 1;
}
