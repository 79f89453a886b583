// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/host.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/guest/accel.h"
#include "testbed/guest/boot.h"
#include "testbed/guest/kernel.h"
#include "testbed/guest/modules.h"
#include "testbed/guest/qemu.h"
#include "testbed/guest/tool.h"
#include "testbed/topology/needs.h"
#include "testbed/util/paths.h"

/* A feature of the kernel: the modules it comes as, and how it is tried. */
struct kernel_feature {
	const char *modules[3];
	unsigned need;
	bool only_root_loads; /* the kernel does not load it by itself when it is used */
};

static const struct kernel_feature kernel_features[] = {
	[HOST_RADIOS] = { { "mac80211_hwsim" }, NEED_HWSIM, true },
	[HOST_ESP] = { { "esp4", "xfrm_user" }, NEED_ESP, false },
	[HOST_NETEM] = { { "sch_netem" }, NEED_NETEM, false },
	[HOST_IPIP] = { { "ipip" }, NEED_IPIP, false },
	[HOST_TUN] = { { "tun" }, NEED_TUN, false },
	[HOST_NFTABLES] = { { "nf_tables" }, NEED_NFT, false },
};

static bool new_network(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

/* Whether `attempt` succeeds in a network namespace of its own, in a process that ends with it. */
static bool try_apart(bool (*attempt)(unsigned), unsigned argument)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return false;
	if (pid == 0)
		_exit(new_network() && attempt(argument) ? 0 : 1);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool nothing_more(unsigned argument)
{
	(void)argument;
	return true;
}

static bool listed_in(const char *release, const char *list, const char *module)
{
	char *path = path_format("/lib/modules/%s/%s", release, list);
	size_t size;
	char *text = (char *)tool_read(path, &size);
	bool listed = text && modules_listed(text, module);

	free(text);
	free(path);
	return listed;
}

enum module_state { MODULE_UNKNOWN, MODULE_LOADABLE, MODULE_THERE };

static enum module_state module_state(const char *module)
{
	char *loaded = path_format("/sys/module/%s", module);
	bool there = access(loaded, F_OK) == 0;
	struct utsname name;

	free(loaded);
	if (there || uname(&name) != 0)
		return there ? MODULE_THERE : MODULE_UNKNOWN;
	if (listed_in(name.release, "modules.builtin", module))
		return MODULE_THERE;
	return listed_in(name.release, "modules.dep", module) ? MODULE_LOADABLE : MODULE_UNKNOWN;
}

static bool kernel_has(const struct kernel_feature *f)
{
	enum module_state least = MODULE_THERE;

	if (!host_has(HOST_NAMESPACES))
		return false;
	for (unsigned i = 0; f->modules[i]; i++) {
		enum module_state state = module_state(f->modules[i]);

		least = state < least ? state : least;
	}
	switch (least) {
	case MODULE_THERE:
		return true;
	case MODULE_LOADABLE:
		return !f->only_root_loads || geteuid() == 0;
	case MODULE_UNKNOWN: /* nothing is there that an attempt could load */
		break;
	}
	return try_apart(needs_have, f->need);
}

static bool has_guest_kernel(void)
{
	struct guest_kernel k;
	bool found = guest_kernel_find(&k, false) == 0;

	guest_kernel_free(&k);
	return found;
}

static bool has_kvm(void)
{
	enum kvm_state state = kvm_state();

	return state == KVM_UNTRIED || state == KVM_WORKS;
}

/* Whether there was a string, which is freed. */
static bool there(char *path)
{
	free(path);
	return path != NULL;
}

bool host_has_program(const char *name)
{
	return there(tool_find(name));
}

bool host_has(enum host_feature feature)
{
	switch (feature) {
	case HOST_NAMESPACES:
		return try_apart(nothing_more, 0);
	case HOST_RADIOS:
	case HOST_ESP:
	case HOST_NETEM:
	case HOST_IPIP:
	case HOST_TUN:
	case HOST_NFTABLES:
		return kernel_has(&kernel_features[feature]);
	case HOST_KVM:
		return has_kvm();
	case HOST_QEMU:
		return there(qemu_find());
	case HOST_BUSYBOX:
		return there(boot_busybox());
	case HOST_KERNEL:
		return has_guest_kernel();
	case HOST_FEATURES:
		break;
	}
	return false;
}
