// SPDX-License-Identifier: Apache-2.0
/*
 * Owners that stand still while their sockets have no addresses.
 *
 * Each owner is put into a cgroup below its own (version 2), which is then frozen: nobody is told,
 * not its parent, not the shell whose foreground job it is, and system calls that waited go on
 * waiting. What manages the group above (systemd) still finds it populated. Putting takes some
 * milliseconds, during which the owner runs; freezing takes less than one. Where cgroups are not
 * to be had, SIGSTOP and SIGCONT have to do: then each thread has to be looked at, since one that
 * still waits inside recv(2) when its socket is disconnected gets EPIPE.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/host/move_inside.h"

#define PLACE_TRIES 5
#define PATIENCE (2 * BTIME_S) /* until an owner stands: it may be waiting for a disk */

void freeze_open(struct journal *j)
{
	int fs;

	if (j->cgroups >= 0)
		return;
	fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		j->cgroups = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fs >= 0)
		close(fs);
}

/* How often owners have been put back on this host: whoever sees it changed has to look again
 * where his own are. `more` counts up, under the lock. */
uint64_t freeze_turn(int lock, bool more)
{
	uint64_t turn = 0;

	if (pread(lock, &turn, sizeof(turn), 0) != sizeof(turn))
		turn = 0;
	turn += more;
	if (more && pwrite(lock, &turn, sizeof(turn), 0) < 0)
		return 0;
	return turn;
}

int freeze_open_lock(void)
{
	return open(MOVE_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

int freeze_lock(void)
{
	int lock = freeze_open_lock();

	while (lock >= 0 && flock(lock, LOCK_EX) < 0 && errno == EINTR)
		;
	return lock;
}

/* A file of a group; `path` is absolute within the hierarchy. */
static int group_open(const struct journal *j, const char *path, const char *file, int flags)
{
	char name[MOVE_GROUP_PATH + 32];

	snprintf(name, sizeof(name), ".%s/%s", path, file);
	return openat(j->cgroups, name, flags | O_CLOEXEC);
}

static int group_write(const struct journal *j, const char *path, const char *file, long value)
{
	char text[24];
	int fd = group_open(j, path, file, O_WRONLY), result;

	if (fd < 0)
		return -errno;
	result = write(fd, text, (size_t)snprintf(text, sizeof(text), "%ld", value)) < 0 ? -errno
											 : 0;
	close(fd);
	return result;
}

/* Without the groups of moves at its end. */
static void real_path(char path[MOVE_GROUP_PATH])
{
	char *last;

	while ((last = strrchr(path, '/')) &&
		strncmp(last + 1, MOVE_GROUP, strlen(MOVE_GROUP)) == 0)
		*last = '\0';
}

/* --- placing ---------------------------------------------------------------------------------- */

static int path_of(pid_t pid, char path[MOVE_GROUP_PATH])
{
	char name[48], line[MOVE_GROUP_PATH + 8];
	FILE *file;
	int result = -1;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return -1;
	while (result < 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0 && strlen(line) < MOVE_GROUP_PATH - 64) {
			snprintf(path, MOVE_GROUP_PATH, "%s", line[4] ? line + 3 : "");
			result = 0;
		}
	}
	fclose(file);
	return result;
}

static struct group *group_of(struct journal *j, const char *path, pid_t pid)
{
	struct journal_head *h = j->head;

	for (unsigned i = 0; i < h->groups; i++)
		if (strcmp(h->group[i].path, path) == 0 && h->group[i].pid == pid)
			return &h->group[i];
	if (h->groups == GROUPS_MAX)
		return NULL;
	h->group[h->groups] = (struct group){.pid = pid};
	snprintf(h->group[h->groups].path, MOVE_GROUP_PATH, "%s", path);
	return &h->group[h->groups++];
}

/* Of a process, or of one of its threads; '\0': it is gone. */
static char state_of(pid_t pid, pid_t thread)
{
	char name[64], text[256], state = '\0';
	const char *end;
	FILE *file;

	if (thread)
		snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", (int)pid, (int)thread);
	else
		snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return '\0';
	if (fgets(text, sizeof(text), file) && (end = strrchr(text, ')')) && end[1])
		state = end[2];
	fclose(file);
	return state;
}

bool freeze_process_lives(pid_t pid)
{
	char state = pid > 0 ? state_of(pid, 0) : '\0';

	return state != '\0' && state != 'Z' && state != 'X';
}

bool freeze_space_lives(uint64_t space)
{
	char path[sizeof("/proc//ns/net") + 256];
	struct dirent *entry;
	struct stat s;
	bool lives = false;
	DIR *folder = opendir("/proc");

	while (!lives && folder && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		lives = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && stat(path, &s) == 0 &&
			s.st_ino == space;
	}
	if (folder)
		closedir(folder);
	return lives;
}

static void place_alone(struct journal *j, pid_t pid)
{
	if (!group_of(j, "", pid))
		j->head->crowded = true;
}

static bool is_within(const char *path, const char *group)
{
	size_t length = strlen(group);

	while ((path = strstr(path, group))) {
		path += length;
		if (*path == '\0' || *path == '/')
			return true;
	}
	return false;
}

/* 0, or a negative errno: -ENOENT, -ENODEV when the group around it has gone meanwhile. */
static int place_in_group(struct journal *j, pid_t pid)
{
	char path[MOVE_GROUP_PATH], own[32], name[MOVE_GROUP_PATH + 1];

	snprintf(own, sizeof(own), "/" MOVE_GROUP "%d", (int)j->head->watcher);
	if (j->cgroups < 0 || path_of(pid, path) < 0)
		return -EOPNOTSUPP;
	if (is_within(path, own))
		return 0; /* there already, or in another move's group inside ours */
	if (strlen(path) + strlen(own) >= MOVE_GROUP_PATH)
		return -ENAMETOOLONG;
	strcat(path, own);
	if (!group_of(j, path, 0))
		return -ENOSPC;
	snprintf(name, sizeof(name), ".%s", path);
	if (mkdirat(j->cgroups, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return group_write(j, path, "cgroup.procs", pid);
}

static void place(struct journal *j, pid_t pid)
{
	int result;

	for (int i = 0; i < PLACE_TRIES; i++) {
		result = place_in_group(j, pid);
		if (result != -ENOENT && result != -ENODEV)
			break;
	}
	if (result < 0 && result != -ESRCH)
		place_alone(j, pid);
}

unsigned freeze_place(struct journal *j)
{
	unsigned before = j->head->groups;

	freeze_open(j);
	j->head->placed = true;
	move_owners(j, place);
	return j->head->groups - before;
}

/* --- standing and running --------------------------------------------------------------------- */

/* Each of its threads, or it is gone. A thread that is made meanwhile comes behind the one that
 * makes it. */
static bool process_stands(pid_t pid)
{
	char name[32];
	struct dirent *entry;
	bool stands = true;
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%d/task", (int)pid);
	folder = opendir(name);
	while (stands && folder && (entry = readdir(folder))) {
		pid_t thread = atoi(entry->d_name);
		char state = thread ? state_of(pid, thread) : '\0';
		stands = state == '\0' || strchr("TtZX", state);
	}
	if (folder)
		closedir(folder);
	return stands;
}

static bool group_stands(const struct journal *j, const struct group *g)
{
	char text[128] = "";
	int fd;

	if (!g->path[0])
		return process_stands(g->pid);
	fd = group_open(j, g->path, "cgroup.events", O_RDONLY);
	if (fd < 0)
		return errno == ENOENT;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strstr(text, "frozen 1") || strstr(text, "populated 0");
}

/* What somebody else had stopped before is not continued afterwards; the journal knows before the
 * signal is sent. */
static void process_stop(struct group *g, bool stop)
{
	if (stop && !g->stopped) {
		g->stood = process_stands(g->pid);
		g->stopped = true;
	}
	if (g->stopped && !g->stood)
		kill(g->pid, stop ? SIGSTOP : SIGCONT);
	g->stopped = stop;
}

static void group_stop(const struct journal *j, struct group *g, bool stop)
{
	if (g->path[0])
		group_write(j, g->path, "cgroup.freeze", stop);
	else
		process_stop(g, stop);
}

int freeze_stop(struct journal *j, char error[MOVE_ERROR])
{
	btime until = loop_now() + PATIENCE;
	unsigned i = 0;

	if (j->head->crowded) {
		snprintf(error, MOVE_ERROR, "more than %d programs to stop, each by itself",
			GROUPS_MAX);
		return -E2BIG;
	}
	freeze_open(j);
	j->head->frozen = true;
	j->head->report.by_signal = 0;
	for (unsigned n = 0; n < j->head->groups; n++) {
		group_stop(j, &j->head->group[n], true);
		j->head->report.by_signal += j->head->group[n].path[0] == '\0';
	}
	while (i < j->head->groups) {
		if (group_stands(j, &j->head->group[i])) {
			i++;
			continue;
		}
		if (loop_now() > until) {
			snprintf(error, MOVE_ERROR,
				"a program does not come to a stand within 2 s: it waits for a "
				"device");
			freeze_thaw(j);
			return -ETIMEDOUT;
		}
		usleep(50);
	}
	return 0;
}

void freeze_thaw(struct journal *j)
{
	freeze_open(j);
	for (unsigned n = 0; n < j->head->groups; n++)
		group_stop(j, &j->head->group[n], false);
	j->head->frozen = false;
}

/* A process that is just ending keeps its group for a moment longer. */
static bool group_remove(const struct journal *j, const char *name)
{
	for (int i = 0; i < 10; i++) {
		if (unlinkat(j->cgroups, name, AT_REMOVEDIR) == 0)
			return true;
		if (errno != EBUSY)
			return errno == ENOENT;
		usleep(2000);
	}
	return false;
}

/* Whether it is gone. */
static bool group_empty(struct journal *j, const struct group *g)
{
	char to[MOVE_GROUP_PATH], name[MOVE_GROUP_PATH + 1];
	int fd = group_open(j, g->path, "cgroup.procs", O_RDONLY), pid;
	FILE *list = fd < 0 ? NULL : fdopen(fd, "r");

	snprintf(to, sizeof(to), "%s", g->path);
	real_path(to);
	while (list && fscanf(list, "%d", &pid) == 1)
		group_write(j, to, "cgroup.procs", pid);
	if (list)
		fclose(list);
	snprintf(name, sizeof(name), ".%s", g->path);
	if (!group_remove(j, name))
		return false;
	/* Groups around it that had to wait for this one go as well. */
	while (strlen(name) > strlen(to) + 1 && group_remove(j, name))
		*strrchr(name, '/') = '\0';
	return true;
}

void freeze_unplace(struct journal *j)
{
	unsigned left = 0;

	freeze_open(j);
	for (unsigned n = 0; n < j->head->groups; n++)
		if (j->head->group[n].path[0] && !group_empty(j, &j->head->group[n]))
			j->head->group[left++] = j->head->group[n];
	j->head->placed = false;
	j->head->groups = left; /* for another try */
}
