// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/boot.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ref/base/crypto.h"
#include "testbed/guest/cache.h"
#include "testbed/guest/cpio.h"
#include "testbed/guest/links.h"
#include "testbed/guest/modules.h"
#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

/* Part of the digest: counted up when the way the archive is built changes. */
#define LAYOUT "1"

/* What stands behind the signature of a signed module (kernel scripts/sign-file.c). */
#define SIGNED "~Module signature appended~\n"

void boot_free(struct boot *b)
{
	free(b->kernel);
	free(b->initramfs);
	memset(b, 0, sizeof(*b));
}

/* Whether an ELF program names no interpreter: one that runs where nothing else is. */
static bool is_static(const char *path)
{
	size_t size;
	uint8_t *file = tool_read(path, &size);
	bool result = false;
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	if (file && size >= sizeof(head)) {
		memcpy(&head, file, sizeof(head));
		result = memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
			head.e_ident[EI_CLASS] == ELFCLASS64;
		for (unsigned i = 0; result && i < head.e_phnum; i++) {
			size_t at = head.e_phoff + i * sizeof(segment);

			if (at > size || size - at < sizeof(segment))
				result = false;
			else
				memcpy(&segment, file + at, sizeof(segment));
			if (result && segment.p_type == PT_INTERP)
				result = false;
		}
	}
	free(file);
	return result;
}

char *boot_busybox(void)
{
	char *path = tool_find("busybox");

	if (path && is_static(path))
		return path;
	free(path);
	return NULL;
}

/* "KIND-0123456789abcdef" after the digest of the parts. */
static char *digest_name(const char *kind, const struct view *parts, size_t count)
{
	uint8_t d[32];

	digest_parts(DIGEST_SHA256, parts, count, d);
	return path_format("%s-%02x%02x%02x%02x%02x%02x%02x%02x", kind, d[0], d[1], d[2], d[3],
		d[4], d[5], d[6], d[7]);
}

/* The entry `name` of the cache, if it is there; NULL if it has to be built. */
static char *cached(const struct cache *c, const char *name)
{
	char *path = cache_path(c, name);

	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* The kernel unpacked; the image as it is, where no tool unpacks it, only boots slower. */
static int prepare_kernel(struct boot *b, struct cache *c, const struct guest_kernel *k,
	struct view image)
{
	char *name = digest_name("vmlinux", &image, 1);
	uint8_t *unpacked;
	size_t size;
	int result = 0;

	b->kernel = cached(c, name);
	if (!b->kernel && (result = cache_lock(c)) == 0 && !(b->kernel = cached(c, name))) {
		unpacked = guest_kernel_unpack(image, &size);
		if (unpacked)
			result = cache_store(c, name, VIEW(unpacked, size), "the guest's kernel");
		b->kernel = unpacked ? cache_path(c, name) : path_format("%s", k->image);
		free(unpacked);
	}
	free(name);
	return result;
}

/* The module without its signature, whose check costs an emulated processor milliseconds. */
static struct view unsigned_module(const uint8_t *file, size_t size)
{
	const size_t mark = strlen(SIGNED), info = 12; /* struct module_signature */
	size_t signature;

	if (size < mark + info || memcmp(file + size - mark, SIGNED, mark) != 0)
		return VIEW(file, size);
	size -= mark + info;
	signature = (size_t)file[size + 8] << 24 | file[size + 9] << 16 | file[size + 10] << 8 |
		file[size + 11];
	return VIEW(file, signature <= size ? size - signature : size);
}

static int add_modules(struct cpio *c, const struct guest_kernel *k)
{
	struct modules closure;
	char *order = NULL;
	size_t order_size = 0;
	FILE *list = open_memstream(&order, &order_size);
	int result = 0;

	if (!list)
		abort();
	cpio_dir(c, "modules", 0755);
	modules_closure(k->dep, guest_kernel_boot_modules, &closure, NULL);
	for (unsigned i = 0; result == 0 && i < closure.count; i++) {
		char *path = path_format("%s/%s", k->modules, closure.path[i]);
		char *name = path_format("modules/%s", strrchr(path, '/') + 1);
		size_t size;
		uint8_t *file = tool_read(path, &size);

		if (file)
			cpio_file(c, name, 0644, unsigned_module(file, size));
		else
			result = tool_complain("%s cannot be read: %s", path, strerror(errno));
		fprintf(list, "%s\n", name + strlen("modules/"));
		free(file);
		free(name);
		free(path);
	}
	fclose(list);
	cpio_file(c, "modules/order", 0644, view_text(order));
	free(order);
	modules_free(&closure);
	return result;
}

static int write_archive(FILE *to, const struct guest_kernel *k, struct view busybox,
	struct view init)
{
	static const char *const dirs[] = { "bin", "dev", "proc", "lower", "memory", "new" };
	struct cpio c = { .to = to };

	for (unsigned i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		cpio_dir(&c, dirs[i], 0755);
	cpio_device(&c, "dev/console", 0600, 5, 1);
	cpio_device(&c, "dev/null", 0666, 1, 3);
	cpio_device(&c, "dev/ttyS1", 0600, 4, 65);
	cpio_file(&c, "bin/busybox", 0755, busybox);
	cpio_file(&c, "init", 0755, init);
	if (add_modules(&c, k) != 0)
		return -1;
	cpio_end(&c);
	return 0;
}

static int build_initramfs(const struct cache *c, const char *name, const struct guest_kernel *k,
	struct view busybox, struct view init)
{
	char *archive = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&archive, &size);
	int result;

	if (!to)
		abort();
	result = write_archive(to, k, busybox, init);
	fclose(to);
	if (result == 0)
		result = cache_store(c, name, VIEW(archive, size), "the guest's initramfs");
	free(archive);
	return result;
}

static int prepare_initramfs(struct boot *b, struct cache *c, const struct guest_kernel *k,
	struct view image, struct view busybox, struct view init)
{
	const struct view parts[] = { view_text(LAYOUT), image, busybox, init };
	char *name = digest_name("initramfs", parts, sizeof(parts) / sizeof(parts[0]));
	int result = 0;

	b->initramfs = cached(c, name);
	if (!b->initramfs && (result = cache_lock(c)) == 0 && !(b->initramfs = cached(c, name))) {
		result = build_initramfs(c, name, k, busybox, init);
		b->initramfs = cache_path(c, name);
	}
	free(name);
	return result;
}

/* The file as a view, or a message with what to do. */
static struct view load(const char *path, const char *advice)
{
	size_t size = 0;
	uint8_t *data = path ? tool_read(path, &size) : NULL;

	if (!data && path)
		tool_complain("%s cannot be read: %s; %s", path, strerror(errno), advice);
	else if (!data)
		tool_complain("%s", advice);
	return VIEW(data, size);
}

int boot_prepare(struct boot *b, const struct guest_kernel *k)
{
	char *busybox_path = boot_busybox(), *init_path = baton_file("testbed/guest/init.sh");
	struct view busybox, init = VIEW_EMPTY, image = VIEW_EMPTY;
	struct cache c = { .lock = -1 };
	int result = -1;

	memset(b, 0, sizeof(*b));
	busybox = load(busybox_path,
		"the guest starts from a static busybox: install the package "
		"busybox-static");
	if (busybox.data)
		init = load(init_path,
			"Baton's own files are not there: set BATON_ROOT to the "
			"folder that holds testbed/guest/init.sh");
	if (init.data)
		image = load(k->image,
			"make it readable, or set BATON_KERNEL to an unpacked "
			"package linux-image-6.1.*-amd64");
	if (image.data && cache_open(&c) == 0 && prepare_kernel(b, &c, k, image) == 0)
		result = prepare_initramfs(b, &c, k, image, busybox, init);
	cache_close(&c);
	free((void *)image.data);
	free((void *)init.data);
	free((void *)busybox.data);
	free(init_path);
	free(busybox_path);
	return result;
}

/* Adds a file whose content `write` prints. */
static void add_written(struct cpio *c, const char *name, const struct job *job,
	void (*write)(const struct job *, FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		abort();
	write(job, to);
	fclose(to);
	cpio_file(c, name, 0600, VIEW(text, size));
	free(text);
}

int boot_initrd(const struct boot *b, const struct job *job)
{
	size_t size;
	uint8_t *archive = tool_read(b->initramfs, &size);
	int fd = archive ? memfd_create("initrd", MFD_CLOEXEC) : -1, copy = fd < 0 ? -1 : dup(fd);
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	struct cpio c = { .to = to };
	bool failed;

	if (!to) {
		if (copy >= 0)
			close(copy);
		failed = true;
	} else {
		fwrite(archive, 1, size, to);
		if (job->hoarder)
			links_write(&c);
		add_written(&c, "job", job, job_write_settings);
		add_written(&c, "command", job, job_write_command);
		cpio_end(&c);
		failed = ferror(to);
		failed |= fclose(to) != 0;
	}
	free(archive);
	if (!failed)
		return fd;
	tool_complain("the guest's initramfs %s cannot be read into memory: %s", b->initramfs,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
