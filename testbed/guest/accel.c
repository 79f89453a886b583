// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/guest/cache.h"
#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define NOTE "kvm"

/* "BOOT-ID works" or "BOOT-ID broken". */
static char *note_text(bool works)
{
	size_t size;
	char *boot = (char *)tool_read("/proc/sys/kernel/random/boot_id", &size);
	char *text = path_format("%s %s", boot ? strtok(boot, "\n") : "unknown",
		works ? "works" : "broken");

	free(boot);
	return text;
}

static bool note_says(const char *note, bool works)
{
	char *text = note_text(works);
	bool same = note && strcmp(note, text) == 0;

	free(text);
	return same;
}

enum kvm_state kvm_state(void)
{
	enum kvm_state state = KVM_UNTRIED;
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct cache c;
	char *path, *note;
	size_t size;

	if (fd < 0)
		return errno == EACCES || errno == EPERM ? KVM_FORBIDDEN : KVM_ABSENT;
	close(fd);
	if (cache_look(&c) != 0)
		return KVM_UNTRIED;
	path = cache_path(&c, NOTE);
	note = (char *)tool_read(path, &size);
	if (note_says(note, true))
		state = KVM_WORKS;
	else if (note_says(note, false))
		state = KVM_BROKEN;
	free(note);
	free(path);
	cache_close(&c);
	return state;
}

void kvm_note(bool works)
{
	char *text = note_text(works), *temporary, *final;
	struct cache c;
	int fd;

	if (cache_look(&c) == 0) {
		final = cache_path(&c, NOTE);
		temporary = path_format("%s.%d", final, (int)getpid());
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd >= 0) {
			if (tool_write(fd, text, strlen(text)) != 0 ||
				rename(temporary, final) != 0)
				unlink(temporary);
			close(fd);
		}
		free(temporary);
		free(final);
	}
	cache_close(&c);
	free(text);
}
