// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ref/host/kernel_nl.h"
#include "ref/host/sysctl.h"

static void full_path(const char *path, char out[256])
{
	snprintf(out, 256, "/proc/sys/%s", path);
}

static int read_setting(const char *path, char *out, size_t size)
{
	char full[256];
	ssize_t got;
	int fd;

	full_path(path, full);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, out, size - 1);
	close(fd);
	if (got < 0)
		return -EIO;
	while (got > 0 && out[got - 1] == '\n')
		got--;
	out[got] = '\0';
	return 0;
}

int sysctl_write(struct kernel *k, const char *path, const char *value)
{
	char full[256];
	int fd, result = 0;

	full_path(path, full);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return kernel_fail(k, errno, "opening %s", full);
	if (write(fd, value, strlen(value)) < 0)
		result = kernel_fail(k, errno, "writing %s to %s", value, full);
	close(fd);
	return result;
}

int sysctl_set(struct kernel *k, const char *path, const char *value)
{
	char old[64];
	int result = read_setting(path, old, sizeof(old));

	if (result < 0)
		return kernel_fail(k, -result, "reading /proc/sys/%s", path);
	if (strcmp(old, value) == 0)
		return 0;
	result = sysctl_write(k, path, value);
	if (result == 0)
		kernel_remember_setting(k, path, old);
	return result;
}

int sysctl_set_device(struct kernel *k, const char *device, const char *name, const char *value)
{
	char path[192];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", device, name);
	return sysctl_set(k, path, value);
}
