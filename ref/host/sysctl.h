// SPDX-License-Identifier: Apache-2.0
/* Settings under /proc/sys. */
#ifndef BATON_HOST_SYSCTL_H
#define BATON_HOST_SYSCTL_H

struct kernel;

/*
 * Sets `path` below /proc/sys ("net/ipv4/ip_forward") to `value`; the old value comes back with
 * kernel_close. A setting that has the value already is left alone, so that a node without the
 * right to write can run where everything is prepared. 0 or a negative errno.
 */
int sysctl_set(struct kernel *kernel, const char *path, const char *value);

/* The same for one interface: net/ipv4/conf/DEVICE/NAME. */
int sysctl_set_device(struct kernel *kernel, const char *device, const char *name,
	const char *value);

/* Writes and remembers nothing. */
int sysctl_write(struct kernel *kernel, const char *path, const char *value);

#endif
