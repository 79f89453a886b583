// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/kernel.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/base/view.h"
#include "testbed/guest/cache.h"
#include "testbed/guest/modules.h"
#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define PACKAGE "linux-image-amd64" /* depends on the one with the kernel */
#define UNPACKED "linux-image-"	    /* how the names of unpacked packages begin */

const char *const guest_kernel_boot_modules[] = { "virtio_pci", "9p", "9pnet_virtio", "overlay",
	"virtio_console", NULL };

void guest_kernel_free(struct guest_kernel *k)
{
	free(k->release);
	free(k->image);
	free(k->modules);
	free(k->dep);
	memset(k, 0, sizeof(*k));
}

/* Whether this kernel has what a guest needs to start and what it is there for. */
static bool usable(const struct guest_kernel *k)
{
	struct modules closure;
	bool complete;

	if (access(k->image, R_OK) != 0 || !k->dep)
		return false;
	complete = modules_closure(k->dep, guest_kernel_boot_modules, &closure, NULL);
	modules_free(&closure);
	return complete && modules_listed(k->dep, "mac80211_hwsim");
}

/* The kernel of that release below `root` ("" for the host's own). */
static bool take(struct guest_kernel *k, const char *root, const char *release)
{
	char *dep;
	size_t size;

	k->release = path_format("%s", release);
	k->image = path_format("%s/boot/vmlinuz-%s", root, release);
	k->modules = path_format("%s/lib/modules/%s", root, release);
	dep = path_format("%s/modules.dep", k->modules);
	k->dep = (char *)tool_read(dep, &size);
	free(dep);
	if (usable(k))
		return true;
	guest_kernel_free(k);
	return false;
}

/* The newest name in `dir` that begins with `prefix`; the caller frees it. NULL when none does. */
static char *newest(const char *dir, const char *prefix, const char *before)
{
	struct dirent *entry;
	char *best = NULL;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (before && strverscmp(entry->d_name, before) >= 0)
			continue;
		if (best && strverscmp(entry->d_name, best) <= 0)
			continue;
		free(best);
		best = path_format("%s", entry->d_name);
	}
	if (d)
		closedir(d);
	return best;
}

/* The newest usable kernel below `root`. */
static bool take_newest(struct guest_kernel *k, const char *root)
{
	char *boot = path_format("%s/boot", root), *name = NULL, *next;
	bool taken = false;

	while (!taken && (next = newest(boot, "vmlinuz-", name))) {
		free(name);
		name = next;
		taken = take(k, root, name + strlen("vmlinuz-"));
	}
	free(name);
	free(boot);
	return taken;
}

static bool take_from_cache(struct guest_kernel *k, const struct cache *c)
{
	char *name = NULL, *next, *root;
	bool taken = false;

	while (!taken && (next = newest(c->dir, UNPACKED, name))) {
		free(name);
		name = next;
		root = cache_path(c, name);
		taken = take_newest(k, root);
		free(root);
	}
	free(name);
	return taken;
}

/* The package with the kernel that PACKAGE depends on; the caller frees it. NULL after message. */
static char *package_name(void)
{
	char *argv[] = { "apt-cache", "depends", "--important", PACKAGE, NULL };
	char *output = NULL, *at, *name = NULL;
	int status = tool_run(NULL, argv, &output);

	at = status == 0 ? strstr(output, "Depends: linux-image-") : NULL;
	if (at) {
		at += strlen("Depends: ");
		name = path_format("%.*s", (int)strcspn(at, " \n"), at);
	} else if (status == 127) {
		tool_complain(
			"no kernel for the guest, and no apt-cache to get one: unpack a Debian "
			"package linux-image-6.1.*-amd64 with 'dpkg-deb -x' and set BATON_KERNEL "
			"to that folder");
	} else {
		tool_complain("no kernel for the guest: the package lists do not know " PACKAGE
			      "; run 'sudo apt-get update', then try again");
	}
	free(output);
	return name;
}

static int download(const struct cache *c, const char *dir, const char *package)
{
	char *argv[] = { "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
		(char *)package, NULL };
	char *output = NULL;

	fprintf(stderr, "baton: downloading %s for the guest, 70 MB, once\n", package);
	if (tool_run(dir, argv, &output) == 0) {
		free(output);
		return 0;
	}
	errno = output && strstr(output, "No space left") ? ENOSPC : 0;
	if (errno == ENOSPC)
		cache_complain(c, package);
	else
		tool_complain("no kernel for the guest: 'apt-get download %s' failed; look at your "
			      "network, run 'sudo apt-get update', then try again. It said:\n%s",
			package, output ? output : "");
	free(output);
	return -1;
}

static int unpack(const struct cache *c, const char *dir, const char *deb)
{
	char *unpack_argv[] = { "dpkg-deb", "-x", (char *)deb, "root", NULL };
	char *root = path_format("%s/root", dir), *boot = path_format("%s/boot", root);
	char *image = NULL, *output = NULL;
	char *depmod_argv[] = { "depmod", "-b", root, NULL, NULL };
	int result = -1;

	fprintf(stderr, "baton: unpacking %s\n", deb);
	if (tool_run(dir, unpack_argv, &output) != 0)
		goto out;
	image = newest(boot, "vmlinuz-", NULL);
	if (!image)
		goto out;
	depmod_argv[3] = image + strlen("vmlinuz-");
	free(output);
	output = NULL;
	result = tool_run(dir, depmod_argv, &output) == 0 ? 0 : -1;
out:
	if (result != 0) {
		errno = output && strstr(output, "No space left") ? ENOSPC : EIO;
		if (errno == ENOSPC)
			cache_complain(c, deb);
		else
			tool_complain(
				"%s cannot be unpacked: dpkg-deb and depmod (packages dpkg, kmod) "
				"must be there. They said:\n%s",
				deb, output ? output : "nothing");
	}
	free(output);
	free(image);
	free(boot);
	free(root);
	return result;
}

/* Downloads and unpacks the kernel into the cache. Under the lock. */
static int fetch_package(const struct cache *c)
{
	char *package = package_name(), *work, *deb = NULL, *root, *final;
	int result = -1;

	if (!package)
		return -1;
	work = cache_temporary(c, package);
	root = path_format("%s/root", work);
	if (tool_make_folders(work) != 0) {
		cache_complain(c, package);
		goto out;
	}
	if (download(c, work, package) != 0)
		goto out;
	deb = newest(work, UNPACKED, NULL);
	if (!deb || unpack(c, work, deb) != 0)
		goto out;
	deb[strlen(deb) - strlen(".deb")] = '\0';
	final = cache_path(c, deb);
	result = cache_commit(root, final);
	free(final);
out:
	tool_remove(work);
	free(deb);
	free(root);
	free(work);
	free(package);
	return result;
}

static int find_or_fetch(struct guest_kernel *k, bool fetch)
{
	struct cache c;
	int result = -1;

	if ((fetch ? cache_open(&c) : cache_look(&c)) != 0)
		goto out;
	if (take_from_cache(k, &c)) {
		result = 0;
	} else if (fetch && cache_lock(&c) == 0) {
		result = take_from_cache(k, &c) ? 0 : fetch_package(&c);
		if (result == 0 && !k->image && !take_from_cache(k, &c))
			result = tool_complain(
				"the kernel in %s lacks modules that the guest needs; "
				"remove that folder and try again",
				c.dir);
	}
out:
	cache_close(&c);
	return result;
}

int guest_kernel_find(struct guest_kernel *k, bool fetch)
{
	const char *given = getenv("BATON_KERNEL");

	memset(k, 0, sizeof(*k));
	if (given && *given) {
		if (take_newest(k, given))
			return 0;
		if (!fetch)
			return -1;
		return tool_complain(
			"BATON_KERNEL=%s: no usable kernel there; it must hold "
			"boot/vmlinuz-* and lib/modules/*/modules.dep with mac80211_hwsim, "
			"9p, overlay and virtio",
			given);
	}
	if (take_newest(k, ""))
		return 0;
	return find_or_fetch(k, fetch);
}

/* Where the packed kernel stands in the image: x86 boot protocol 2.08 and later (kernel
 * Documentation/x86/boot.rst, fields setup_sects, payload_offset, payload_length). */
static struct view payload(const unsigned char *image, unsigned long size)
{
	unsigned long start, length;

	if (size < 0x250 || memcmp(image + 0x202, "HdrS", 4) != 0 ||
		(image[0x207] << 8 | image[0x206]) < 0x208)
		return VIEW_EMPTY;
	start = ((image[0x1f1] ? image[0x1f1] : 4) + 1ul) * 512;
	start += image[0x248] | image[0x249] << 8 | image[0x24a] << 16 |
		(unsigned long)image[0x24b] << 24;
	length = image[0x24c] | image[0x24d] << 8 | image[0x24e] << 16 |
		(unsigned long)image[0x24f] << 24;
	if (start > size || length > size - start || length < 8)
		return VIEW_EMPTY;
	return VIEW(image + start, length - 4); /* its last 4 octets are the unpacked size */
}

uint8_t *guest_kernel_unpack(struct view image, size_t *size)
{
	static const struct {
		uint8_t magic[4], magic_size;
		char *tool;
	} packers[] = { { { 0xfd, '7', 'z', 'X' }, 4, "xz" }, { { 0x1f, 0x8b }, 2, "gzip" },
		{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd" } };
	struct view packed = payload(image.data, image.size);
	uint8_t *unpacked = NULL;

	for (unsigned i = 0; packed.size > 0 && i < sizeof(packers) / sizeof(packers[0]); i++) {
		char *argv[] = { packers[i].tool, "-dc", NULL };

		if (memcmp(packed.data, packers[i].magic, packers[i].magic_size) == 0)
			unpacked = tool_filter(argv, packed, size);
	}
	if (unpacked && *size > SELFMAG && memcmp(unpacked, ELFMAG, SELFMAG) == 0)
		return unpacked;
	free(unpacked);
	return NULL;
}
