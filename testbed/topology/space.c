// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/space.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		error = -errno;
	close(fd);
	return error;
}

int space_sysctl_write(const char *value, const char *path_format, ...)
{
	char path[PATH_MAX] = "/proc/sys/";
	va_list ap;

	va_start(ap, path_format);
	vsnprintf(path + strlen(path), sizeof(path) - strlen(path), path_format, ap);
	va_end(ap);
	return write_file(path, value);
}

int make_directories(const char *path, unsigned mode)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int map_ids(uid_t uid, gid_t gid)
{
	char line[64];
	int error = write_file("/proc/self/setgroups", "deny");

	if (error && error != -ENOENT)
		return error;
	snprintf(line, sizeof(line), "0 %u 1", uid);
	error = write_file("/proc/self/uid_map", line);
	if (error)
		return error;
	snprintf(line, sizeof(line), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", line);
}

int space_new_process(bool as_user)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (as_user) {
		int error;

		if (unshare(CLONE_NEWUSER))
			return -errno;
		error = map_ids(uid, gid);
		if (error)
			return error;
	}
	return unshare(CLONE_NEWPID) ? -errno : 0;
}

static int open_space(struct space *s)
{
	s->mount = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	s->network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	s->host_name = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	return s->mount < 0 || s->network < 0 || s->host_name < 0 ? -errno : 0;
}

int space_new_home(struct space *home)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -errno;
	return open_space(home);
}

int space_enter(const struct space *s)
{
	return setns(s->network, CLONE_NEWNET) || setns(s->host_name, CLONE_NEWUTS) ||
			setns(s->mount, CLONE_NEWNS)
		? -errno
		: 0;
}

/* Makes what fd refers to visible under path again. */
static int bind_again(int fd, const char *path)
{
	char source[64];
	int error = make_directories(path, 0755);

	if (error)
		return error;
	snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	return mount(source, path, NULL, MS_BIND | MS_REC, NULL) ? -errno : 0;
}

/* A /run of the node's own, so that daemons of several nodes keep their sockets and pid files
   apart. What `keep` names stays visible although it may lie below the old /run. */
static int mount_run(const char *directory, const char *keep)
{
	char run[PATH_MAX], real[PATH_MAX];
	int fd, error = 0;

	if (snprintf(run, sizeof(run), "%s/run", directory) >= (int)sizeof(run))
		return -ENAMETOOLONG;
	if (mkdir(run, 0755) && errno != EEXIST)
		return -errno;
	if (!realpath(keep, real))
		return -errno;
	fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (mount(run, "/run", NULL, MS_BIND, NULL))
		error = -errno;
	else if (!strncmp(real, "/run/", 5))
		error = bind_again(fd, real);
	close(fd);
	return error;
}

int space_create(const char *host_name, const char *directory, const char *keep, struct space *out)
{
	int error;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) ||
		sethostname(host_name, strlen(host_name)))
		return -errno;
	/* Where the kernel refuses another sysfs (a container that hides parts of it), the node
	   lives with the old one: only bridges under hostapd look there. */
	if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) &&
		errno != EPERM && errno != EACCES)
		return -errno;
	error = mount_run(directory, keep);
	return error ? error : open_space(out);
}
