// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "testbed/report/json.h"
#include "testbed/util/paths.h"

static const char *hint(int err)
{
	switch (err) {
	case ENOENT:
		return "check the path";
	case EACCES:
	case EPERM:
	case EROFS:
		return "choose a place that you may write to and read from";
	case ENOSPC:
	case EDQUOT:
		return "free some space, or choose another folder";
	case EISDIR:
		return "name a file";
	case ENOTDIR:
	case EEXIST:
		return "name a folder";
	}
	return "see the reason given by the system";
}

static int fail_errno(struct report_error *error, const char *path, const char *doing)
{
	int err = errno;

	return report_fail(error, "%s: cannot %s: %s; %s", path, doing, strerror(err), hint(err));
}

static FILE *open_regular(const char *path, struct stat *st, struct report_error *error)
{
	FILE *file = fopen(path, "rbe");

	if (!file) {
		fail_errno(error, path, "open it");
		return NULL;
	}
	if (fstat(fileno(file), st)) {
		fail_errno(error, path, "look at it");
	} else if (!S_ISREG(st->st_mode)) {
		report_fail(error, "%s: is not a file; name a file", path);
	} else {
		return file;
	}
	fclose(file);
	return NULL;
}

int report_read(const char *path, size_t limit, struct content *content, struct report_error *error)
{
	struct stat st;
	FILE *file = open_regular(path, &st, error);
	size_t size;

	if (!file)
		return -1;
	if ((uintmax_t)st.st_size > limit) {
		fclose(file);
		return report_fail(error, "%s: %jd bytes are too many; at most %zu are read", path,
			(intmax_t)st.st_size, limit);
	}
	size = (size_t)st.st_size;
	content->bytes = report_must(malloc(size + 1));
	content->size = fread(content->bytes, 1, size, file);
	content->bytes[content->size] = 0;
	if (ferror(file)) {
		fail_errno(error, path, "read it");
		free(content->bytes);
		fclose(file);
		return -1;
	}
	fclose(file);
	return 0;
}

static void digest_text(EVP_MD_CTX *md, char digest[DIGEST_TEXT])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!EVP_DigestFinal_ex(md, raw, &n))
		report_must(NULL);
	for (unsigned i = 0; i < n; i++)
		snprintf(digest + 2 * i, 3, "%02x", raw[i]);
	EVP_MD_CTX_free(md);
}

static EVP_MD_CTX *digest_start(void)
{
	EVP_MD_CTX *md = report_must(EVP_MD_CTX_new());

	if (!EVP_DigestInit_ex(md, EVP_sha256(), NULL))
		report_must(NULL);
	return md;
}

int report_digest_file(const char *path, char digest[DIGEST_TEXT], uint64_t *size,
	struct report_error *error)
{
	struct stat st;
	FILE *file = open_regular(path, &st, error);
	unsigned char block[16384];
	EVP_MD_CTX *md;
	size_t n;
	int rc = 0;

	if (!file)
		return -1;
	*size = 0;
	md = digest_start();
	while ((n = fread(block, 1, sizeof(block), file)) > 0) {
		*size += n;
		if (!EVP_DigestUpdate(md, block, n))
			report_must(NULL);
	}
	if (ferror(file))
		rc = fail_errno(error, path, "read it");
	digest_text(md, digest);
	fclose(file);
	return rc;
}

void report_digest(const void *bytes, size_t size, char digest[DIGEST_TEXT])
{
	EVP_MD_CTX *md = digest_start();

	if (!EVP_DigestUpdate(md, bytes, size))
		report_must(NULL);
	digest_text(md, digest);
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A device or a pipe (-o /dev/stdout) is written to as it is: renaming would replace it. */
static int write_special(const char *path, const void *bytes, size_t size,
	struct report_error *error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : write_all(fd, bytes, size);

	if (rc)
		rc = fail_errno(error, path, "write it");
	if (fd >= 0)
		close(fd);
	return rc;
}

int report_write_file(const char *path, const void *bytes, size_t size, struct report_error *error)
{
	char *temporary;
	struct stat st;
	mode_t mask = umask(0);
	int fd, rc = -1;

	umask(mask);
	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return write_special(path, bytes, size, error);
	temporary = report_format("%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		fail_errno(error, path, "create it");
		goto out;
	}
	if (write_all(fd, bytes, size) || fchmod(fd, 0666 & ~mask) || fsync(fd))
		fail_errno(error, path, "write it");
	else if (rename(temporary, path))
		fail_errno(error, path, "put it in place");
	else
		rc = 0;
	close(fd);
	if (rc)
		unlink(temporary);
out:
	free(temporary);
	return rc;
}

int report_copy_file(const char *from, const char *to, struct report_error *error)
{
	struct content content;
	int rc;

	if (report_read(from, SIZE_MAX / 2, &content, error))
		return -1;
	rc = report_write_file(to, content.bytes, content.size, error);
	free(content.bytes);
	return rc;
}

int report_make_folder(const char *path, struct report_error *error)
{
	char *copy = report_format("%s", path);
	struct stat st;
	int rc = 0;

	for (char *p = copy + 1; !rc && *copy; p++) {
		char here = *p;

		if (here && here != '/')
			continue;
		*p = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			rc = fail_errno(error, copy, "make the folder");
		*p = here;
		if (!here)
			break;
	}
	if (!rc && !stat(path, &st) && !S_ISDIR(st.st_mode))
		rc = report_fail(error, "%s: is a file; name a folder", path);
	free(copy);
	return rc;
}

bool report_path_is_below(const char *path)
{
	const char *part = path;

	if (!*path || *path == '/')
		return false;
	for (;;) {
		size_t n = strcspn(part, "/");

		if (!n || (n == 2 && !memcmp(part, "..", 2)))
			return false;
		if (!part[n])
			return true;
		part += n + 1;
	}
}

char *report_data_path(const char *name, struct report_error *error)
{
	char *path = baton_file(name);

	if (path && !access(path, R_OK))
		return path;
	report_fail(error, "%s: %s; set BATON_ROOT to the folder that holds reports/",
		path ? path : name, path ? strerror(errno) : "not found near the program");
	free(path);
	return NULL;
}
