// SPDX-License-Identifier: Apache-2.0
//
// A topology raised from the kernel's namespaces, inside this process's lifetime.
//
// Every network has a keeper: a child that is PID 1 of a PID namespace of its own and holds the
// network, mount and host name namespaces of the nodes. Whoever dies, in whatever way, the rest
// follows: the keeper watches its user (a pidfd), and when the keeper dies the kernel ends every
// process of the network and releases namespaces, mounts, interfaces and radios. Beside it stands
// a warden that waits for the keeper and removes its directory.
//
// A node looks like a small machine: its own interfaces, host name, /sys, and a /run that is the
// folder DIRECTORY/NODE/run outside. All nodes share one PID namespace and the rest of the file
// system. Nothing here needs root where user namespaces are allowed; then the user's own id is 0
// inside.
//
// All functions may be called from several threads; calls on one network queue up. network_up then
// needs a launcher, since forking is safe only while a process has one thread. Functions that
// return int give 0 or a negative errno unless they say otherwise; where a finding can help, they
// add it to d (which may be NULL).

#ifndef BATON_TOPOLOGY_NETWORK_H
#define BATON_TOPOLOGY_NETWORK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "testbed/topology/diagnostics.h"
#include "testbed/topology/topology.h"

struct network;
struct network_launcher;
struct process;

struct network_options {
	/* Name under which `baton topo` and `baton shell` find it; NULL: not to be found. */
	const char *name;
	/* Folder for logs and scratch directories, kept when the network goes down; created if
	   missing. NULL: a folder in the state directory that goes with the network. */
	const char *directory;
	/* Leave DHCP servers, hostapd and wpa_supplicant alone; interfaces only. */
	bool no_services;
	/* Patience with each service until it is ready, milliseconds; 0: 10,000. */
	int service_timeout_ms;
	/* Forks for this process: needed while it has several threads. NULL: it forks itself. */
	struct network_launcher *launcher;
	/* When a signal interrupts the coming up and this is set, it is given up with -EINTR. May
	   be NULL: signals are ignored. */
	const volatile sig_atomic_t *cancel;
	/* Called with one line for each step ("hostapd on ap-a is ready"); may be NULL. */
	void (*progress)(void *context, const char *line);
	void *context;
};

/* Raises the network. The topology must stay alive until network_down. options may be NULL.
   -EEXIST: a network of that name is up. -ENOTSUP: the kernel lacks a need of the topology (the
   finding says which, and how to run in the guest). On failure nothing is left behind. */
int network_up(const struct topology *t, const struct network_options *options,
	struct network **out, struct diagnostics *d);

/* Forks a process that brings up networks of topology t for this one (network_options.launcher).
   To be called while this process has a single thread; t must live until network_launcher_close,
   which takes NULL. Networks outlive their launcher, and one that ends ends none of them. */
int network_launcher_open(const struct topology *t, struct network_launcher **out);
void network_launcher_close(struct network_launcher *l);

/* Ends all processes, removes everything, frees n and forgets its processes (their handles are
   still to be released with network_release). Returns when it is all gone from this user's view:
   processes dead, directory removed unless it was the caller's. For an attached network
   (network_attach) use network_detach or network_stop. Accepts NULL. */
void network_down(struct network *n);

/* Lets a named network live on without this process, or only lets go of an attached one; frees n.
 */
int network_detach(struct network *n);

/* Connects to a network that is up under a name, of this or another process. *t, if t is not
   NULL, receives its topology, owned by the network handle. -ENOENT: there is none. */
int network_attach(const char *name, struct network **out, const struct topology **t,
	struct diagnostics *d);

/* Takes a network down by its name and waits until it is gone. -ENOENT: there is none. */
int network_stop(const char *name, struct diagnostics *d);

/* Whether this could be the name of a network. */
bool network_name_is_good(const char *name);

/* What it was raised from. Owned by n. */
const struct topology *network_topology(const struct network *n);

/* Folder for logs and scratch directories: logs are NODE/SERVICE.log. */
const char *network_directory(const struct network *n);

/* The scratch directory of a node, DIRECTORY/NODE, the same path inside and outside; NULL when
   there is no such node. Lives as long as n. */
const char *network_scratch(const struct network *n, const char *node);

/* --- processes ------------------------------------------------------------------------------ */

/* All zero but argv is a good start. */
struct spawn {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	/* "NAME=value" entries, NULL-terminated, over this process's environment and BATON_NODE,
	   BATON_ROLE, BATON_DIR (the scratch directory). NULL: none. */
	const char *const *env;
	const char *cwd; /* NULL: the node's scratch directory */
	/* Descriptors for the process, copied; 0 means not given. Not given: stdin is /dev/null,
	   stdout and stderr go to log. */
	int stdin_fd, stdout_fd, stderr_fd;
	const char *log; /* appended to, host path; NULL: DIRECTORY/NODE/BASENAME-OF-ARGV0.log */
	/* 1 to 99: runs, with all that it starts, before everything of a lower number (SCHED_FIFO);
	   needs CAP_SYS_NICE on the machine. 0: as usual. */
	int priority;
};

/* Starts a program on a node. An error to execute it (-ENOENT, -EACCES, ...) is returned here.
   The process and all its descendants, also those that detach themselves, form one group that
   lives until network_terminate, network_release or network_down; the end of the program itself
   does not end what it left in the background. */
int network_spawn(struct network *n, const char *node, const struct spawn *s, struct process **out,
	struct diagnostics *d);

/* A descriptor that polls readable once the program itself has ended. Owned by p. */
int network_pidfd(const struct process *p);

/* The program's process id as this process sees it. */
pid_t network_pid(const struct process *p);

/* Sends a signal to the program itself. -ESRCH: it has ended. */
int network_signal(struct process *p, int signal);

/* Waits until the program itself has ended; timeout_ms < 0: for ever, 0: only looks. *status is as
   of waitpid(2). -ETIMEDOUT: still running. May be called again after the end. */
int network_wait(struct process *p, int *status, int timeout_ms);

/* Sends SIGTERM to every process of the group, after grace_ms milliseconds SIGKILL, and returns
   when none is left. *status (may be NULL) is the program's own. */
int network_terminate(struct process *p, int *status, int grace_ms);

/* Kills what is left of the group and frees p. Accepts NULL. */
void network_release(struct process *p);

/* Spawns and waits, for one-shot commands: returns 0 and *status, -ETIMEDOUT when it had to be
   killed after timeout_ms. */
int network_run(struct network *n, const char *node, const struct spawn *s, int *status,
	int timeout_ms, struct diagnostics *d);

/* --- inside a node -------------------------------------------------------------------------- */

/* Opens a socket in the node's network namespace with the powers of its root (packet and raw
   sockets included), close-on-exec. Returns the descriptor, the caller's, or a negative errno. */
int network_socket(struct network *n, const char *node, int domain, int type, int protocol);

/* The node's network namespace. Owned by n. Negative errno on failure. Entering it directly
   needs root; network_socket and network_enter do not. */
int network_netns_fd(struct network *n, const char *node);

/* Moves the calling process into the node's user, mount, network and host name namespaces; its
   next children are in the PID namespace. Only for a process with a single thread, normally one
   just forked; there is no way back. */
int network_enter(struct network *n, const char *node);

/* A daemon that the topology implies. */
struct network_service {
	char title[128]; /* "ap-a hostapd wlan0" */
	char log[512];
	bool ended;
};

/* The i-th service, from 0. -ENOENT after the last. */
int network_service(struct network *n, unsigned i, struct network_service *out);

/* --- links ---------------------------------------------------------------------------------- */

/* Cuts (up = false) or mends a wired link. Both ends go down and up again. Fixed addresses stay;
   routes over the link go while it is cut, and those of the topology come back with it. */
int network_link_set(struct network *n, const char *link, bool up);

/* Changes the impairment of a wired link, each way; 0 removes that impairment. */
struct network_impairment {
	uint64_t delay_ns, jitter_ns, rate_bps;
	uint32_t loss_ppm;
};
int network_link_impair(struct network *n, const char *link, const struct network_impairment *i,
	struct diagnostics *d);

/* --- state directory ------------------------------------------------------------------------ */

/* Names of the networks that are up for this user: calls each(name, pid of the keeper); removes
   what dead ones left. Stops early when each returns non-zero, and returns that. */
int network_each(int (*each)(void *context, const char *name, pid_t keeper), void *context);

#endif
