// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/base/crypto.h"
#include "ref/host/move_inside.h"

#define MAGIC 0x62746d76u
#define VERSION 4u
#define ROOM (UINT64_C(1) << 36) /* of addresses; the file is as long as what is in it */
#define PAGE 4096u
#define SOCKETS_LEAST 256u
#define SOCKETS_MAX 16384u
#define JOURNAL_NONE {.file = -1, .cgroups = -1, .sockets = -1}

static int map(struct journal *j)
{
	j->head = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, j->file, 0);
	return j->head == MAP_FAILED ? -1 : 0;
}

/* The octets are there before anything is written to them: a full file system must not end the
 * process by SIGBUS in the middle of a move. */
static int grow(struct journal *j, uint64_t size)
{
	size = (size + PAGE - 1) / PAGE * PAGE;
	errno = posix_fallocate(j->file, 0, (off_t)size);
	return errno ? -1 : 0;
}

/* The file has no name yet: it goes with its processes when nobody asks them for anything. */
int journal_make(struct journal *j)
{
	struct stat space;

	*j = (struct journal)JOURNAL_NONE;
	if ((mkdir(MOVE_FOLDER, 0700) < 0 && errno != EEXIST) ||
		stat("/proc/self/ns/net", &space) < 0)
		return -1;
	snprintf(j->path, sizeof(j->path), MOVE_FOLDER "/%d", (int)getpid());
	j->file = open(MOVE_FOLDER, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (j->file < 0 || flock(j->file, LOCK_EX | LOCK_NB) < 0 || grow(j, sizeof(*j->head)) < 0 ||
		map(j) < 0)
		return -1;
	j->head->magic = MAGIC; /* all else is zero in a new file */
	j->head->version = VERSION;
	j->head->space = space.st_ino;
	j->head->watcher = getpid();
	j->head->used = sizeof(*j->head);
	j->head->size = (sizeof(*j->head) + PAGE - 1) / PAGE * PAGE;
	return 0;
}

int journal_begin(struct journal *j, const struct move_config *config)
{
	char file[32];

	j->head->config = *config;
	j->head->config.spare = NULL;
	j->head->born = loop_now();
	while (j->head->spares < config->spares && j->head->spares < MOVE_SPARES) {
		j->head->spare[j->head->spares] = config->spare[j->head->spares];
		j->head->spares++;
	}
	snprintf(file, sizeof(file), "/proc/self/fd/%d", j->file);
	unlink(j->path); /* of a process that had our number */
	if (linkat(AT_FDCWD, file, AT_FDCWD, j->path, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	j->head->asked = true;
	return 0;
}

/* What it says of itself fits the file: places beyond its end must not be touched. */
static bool sound(const struct journal_head *h, off_t size)
{
	return h->magic == MAGIC && h->version == VERSION && h->used <= (uint64_t)size &&
		h->sockets <= h->sockets_room && h->sockets_room <= SOCKETS_MAX &&
		h->groups <= GROUPS_MAX && h->spares <= MOVE_SPARES &&
		h->sockets_at <= h->used &&
		h->sockets_room * sizeof(struct moving) <= h->used - h->sockets_at;
}

int journal_open(struct journal *j, const char *path)
{
	struct stat s;

	*j = (struct journal)JOURNAL_NONE;
	j->file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	snprintf(j->path, sizeof(j->path), "%s", path);
	if (j->file < 0)
		return -1;
	if (fstat(j->file, &s) < 0 || s.st_size < (off_t)sizeof(*j->head) || map(j) < 0 ||
		!sound(j->head, s.st_size)) {
		journal_close(j, false);
		errno = EPROTO;
		return -1;
	}
	return 0;
}

void journal_each(void (*each)(void *context, const char *path), void *context)
{
	char path[sizeof(MOVE_FOLDER) + 260];
	struct dirent *entry;
	DIR *folder = opendir(MOVE_FOLDER);

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), MOVE_FOLDER "/%s", entry->d_name);
		each(context, path);
	}
	if (folder)
		closedir(folder);
}

bool journal_processes(const char *path, pid_t out[2])
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool read = file >= 0 && flock(file, LOCK_SH | LOCK_NB) < 0 &&
		pread(file, &out[0], sizeof(pid_t), offsetof(struct journal_head, watcher)) ==
			sizeof(pid_t) &&
		pread(file, &out[1], sizeof(pid_t), offsetof(struct journal_head, worker)) ==
			sizeof(pid_t);

	if (file >= 0)
		close(file);
	return read;
}

/* The processes of a move share one lock, that of the file they opened. */
bool journal_alive(const struct journal *j)
{
	return flock(j->file, LOCK_EX | LOCK_NB) < 0;
}

void journal_close(struct journal *j, bool remove)
{
	if (j->head && (void *)j->head != MAP_FAILED) {
		if (remove)
			journal_forget(j);
		munmap(j->head, ROOM);
	}
	if (remove && j->path[0])
		unlink(j->path);
	if (j->file >= 0)
		close(j->file);
	if (j->cgroups >= 0)
		close(j->cgroups);
	if (j->sockets >= 0)
		close(j->sockets);
	*j = (struct journal)JOURNAL_NONE;
}

uint64_t journal_take(struct journal *j, uint64_t size)
{
	uint64_t at = (j->head->used + 15) / 16 * 16;

	if (at + size > ROOM || at + size < at)
		return 0;
	if (at + size > j->head->size) {
		/* In larger and larger pieces, so that a thousand sockets do not ask as often. */
		uint64_t wanted = at + size + j->head->size / 2;
		if (grow(j, wanted) < 0)
			return 0;
		j->head->size = wanted / PAGE * PAGE;
	}
	j->head->used = at + size;
	return at; /* what a file grows by is zero */
}

/*
 * They stand in one piece, which is taken anew, twice as large, when it is full: what is allocated
 * for a move that has a handful of sockets is not paid for by its programs.
 */
bool journal_more_sockets(struct journal *j)
{
	struct journal_head *h = j->head;
	unsigned wanted = h->sockets_room ? 2 * h->sockets_room : SOCKETS_LEAST;
	uint64_t at;

	if (h->sockets_at && h->sockets < h->sockets_room)
		return true;
	if (wanted > SOCKETS_MAX || !(at = journal_take(j, wanted * sizeof(struct moving))))
		return false;
	if (h->sockets_at)
		memcpy(journal_at(j, at), journal_at(j, h->sockets_at),
			h->sockets * sizeof(struct moving));
	h->sockets_at = at;
	h->sockets_room = wanted;
	return true;
}

void journal_forget(struct journal *j)
{
	uint64_t size = (sizeof(*j->head) + PAGE - 1) / PAGE * PAGE;

	if (j->head->used > sizeof(*j->head)) /* there is other people's data in it */
		wipe(journal_at(j, sizeof(*j->head)), j->head->used - sizeof(*j->head));
	j->head->sockets = j->head->sockets_room = 0;
	j->head->sockets_at = 0;
	j->head->used = sizeof(*j->head);
	if (ftruncate(j->file, (off_t)size) == 0)
		j->head->size = size;
}

void *journal_at(const struct journal *j, uint64_t offset)
{
	return (char *)j->head + offset;
}

struct moving *journal_socket(const struct journal *j, unsigned i)
{
	return (struct moving *)journal_at(j, j->head->sockets_at) + i;
}
