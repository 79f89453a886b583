// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "testbed/topology/network.h"
#include "testbed/topology/space.h"

/* A folder of this user's; a link or another's folder in its place is refused. Others may pass
   through, for daemons that give up their powers, and not look around. */
static int make_private(const char *path)
{
	struct stat status;
	int error;

	error = make_directories(path, 0711);
	if (error)
		return error;
	if (lstat(path, &status))
		return -errno;
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid())
		return -EPERM;
	return access(path, W_OK) ? -errno : 0;
}

int state_directory(char path[PATH_MAX], struct diagnostics *d)
{
	const char *own = getenv("BATON_STATE"), *runtime = getenv("XDG_RUNTIME_DIR");
	int error = -ENOENT;

	if (own) {
		snprintf(path, PATH_MAX, "%s", own);
		error = own[0] == '/' ? make_private(path) : -EINVAL;
	} else {
		if (geteuid() == 0) {
			snprintf(path, PATH_MAX, "/run/baton/networks");
			error = make_private(path);
		} else if (runtime && runtime[0] == '/') {
			snprintf(path, PATH_MAX, "%s/baton/networks", runtime);
			error = make_private(path);
		}
		if (error) {
			snprintf(path, PATH_MAX, "/tmp/baton-%u/networks", geteuid());
			error = make_private(path);
		}
	}
	if (error)
		diagnostics_add(d, path, 0,
			"cannot keep the state of networks here: %s; BATON_STATE "
			"would name a folder of your own, by its absolute path",
			strerror(-error));
	return error;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	remove(path);
	return 0;
}

static void remove_folder(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* The lock file of the folder, locked; flags: O_CREAT to make it. -EWOULDBLOCK when somebody holds
   it and how says not to wait. */
static int lock_file(const char *folder, int flags, int how)
{
	char path[PATH_MAX + 8];
	int fd, error;

	snprintf(path, sizeof(path), "%s/.lock", folder);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, how) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* The state directory that holds the folder. */
static int lock_directory_of(const char *path)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
	return lock_file(directory, O_CREAT, LOCK_EX);
}

void state_release(const char *path)
{
	int all = lock_directory_of(path);

	remove_folder(path);
	if (all >= 0)
		close(all);
}

/* Whether a network holds the folder. One that is left over is removed; anything else that lies
   there is left alone. */
static bool in_use(const char *path)
{
	int fd = lock_file(path, 0, LOCK_EX | LOCK_NB);

	if (fd < 0)
		return fd == -EWOULDBLOCK;
	remove_folder(path);
	close(fd);
	return false;
}

static int claim(const char *name, struct claim *out, struct diagnostics *d)
{
	if (access(out->path, F_OK) == 0 && in_use(out->path)) {
		diagnostics_add(d, NULL, 0,
			"a network named %s is already up; it would be taken down "
			"with \"baton topo down %s\", or this one named with --name",
			name, name);
		return -EEXIST;
	}
	if (mkdir(out->path, 0711))
		return -errno;
	out->lock = lock_file(out->path, O_CREAT, LOCK_EX | LOCK_NB);
	return out->lock < 0 ? out->lock : 0;
}

int state_claim(const char *name, struct claim *out, struct diagnostics *d)
{
	char directory[PATH_MAX];
	int all, error = state_directory(directory, d);

	if (error)
		return error;
	if (snprintf(out->path, sizeof(out->path), "%s/%s", directory, name) >=
		(int)sizeof(out->path))
		return -ENAMETOOLONG;
	all = lock_file(directory, O_CREAT, LOCK_EX);
	if (all < 0)
		return all;
	error = claim(name, out, d);
	close(all);
	if (error && error != -EEXIST)
		diagnostics_add(d, out->path, 0,
			"cannot be created: %s; it would be a folder for the "
			"state of the network",
			strerror(-error));
	return error;
}

int network_each(int (*each)(void *context, const char *name, pid_t keeper), void *context)
{
	char directory[PATH_MAX], path[PATH_MAX + 256];
	struct dirent **list;
	int result = 0, count, all;

	if (state_directory(directory, NULL))
		return 0;
	all = lock_file(directory, O_CREAT, LOCK_EX);
	count = scandir(directory, &list, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = list[i]->d_name;

		snprintf(path, sizeof(path), "%s/%s", directory, name);
		if (strcmp(name, ".") && strcmp(name, "..") && in_use(path) && name[0] != '.' &&
			!result)
			result = each(context, name, state_read_keeper(path));
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	if (all >= 0)
		close(all);
	return result;
}

void state_write_keeper(const char *path, pid_t keeper)
{
	char file[PATH_MAX + 8];
	FILE *f;

	snprintf(file, sizeof(file), "%s/.keeper", path);
	f = fopen(file, "we");
	if (f) {
		fprintf(f, "%d\n", keeper);
		fclose(f);
	}
}

pid_t state_read_keeper(const char *path)
{
	char file[PATH_MAX + 8];
	pid_t pid = 0;
	FILE *f;

	snprintf(file, sizeof(file), "%s/.keeper", path);
	f = fopen(file, "re");
	if (f) {
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
	}
	return pid;
}

/* The socket's address through a descriptor of the folder, since paths can be long. */
static int socket_address(const char *folder, struct sockaddr_un *address)
{
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/.socket", fd);
	return fd < 0 ? -errno : fd;
}

int state_listen(const char *path)
{
	struct sockaddr_un address;
	int folder = socket_address(path, &address), fd, error = 0;

	if (folder < 0)
		return folder;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		error = -errno;
	close(folder);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

int state_connect(const char *path)
{
	struct sockaddr_un address;
	int folder = socket_address(path, &address), fd, error = 0;

	if (folder < 0)
		return folder;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		error = -errno;
	close(folder);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}
