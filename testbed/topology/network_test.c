// SPDX-License-Identifier: Apache-2.0
//
// Networks as a program uses them: raised in this process, one after the other and side by side,
// with programs, sockets and cut links, and with deaths of every kind.

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/topology/network.h"

/* State below a folder of our own, so that networks of others do not count. */
static char state[] = "/tmp/baton-network-test-XXXXXX";
static struct topology *wired;

static void pause_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static struct network *up(const struct network_options *options)
{
	struct diagnostics d = {0};
	struct network *n;
	int error = network_up(wired, options, &n, &d);

	diagnostics_print(&d, stderr);
	diagnostics_free(&d);
	if (error == -EPERM || error == -ENOSPC || error == -EACCES)
		skip();
	assert_int_equal(error, 0);
	return n;
}

/* Entries of the state directory but the lock. */
static int left_over(void)
{
	DIR *d = opendir(state);
	struct dirent *e;
	int count = 0;

	while (d && (e = readdir(d)))
		count += strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			 strcmp(e->d_name, ".lock");
	if (d)
		closedir(d);
	return count;
}

static bool comes_true(bool (*condition)(void *), void *argument)
{
	for (int i = 0; i < 5000; i++) {
		if (condition(argument))
			return true;
		pause_ms(1);
	}
	return false;
}

static bool nothing_left(void *argument)
{
	(void)argument;
	return left_over() == 0;
}

/* --- life and death ------------------------------------------------------------------------- */

static void up_and_down(void **unused)
{
	struct network *n = up(NULL);

	(void)unused;
	assert_int_equal(left_over(), 1);
	assert_ptr_equal(network_topology(n), wired);
	network_down(n);
	assert_int_equal(left_over(), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

/* A child that was forked meanwhile holds the descriptors too and must not keep it up. */
static void child_holds_descriptors(void **unused)
{
	struct network *n = up(NULL);
	pid_t child = fork();

	(void)unused;
	if (child == 0) {
		pause();
		_exit(0);
	}
	network_down(n);
	assert_int_equal(left_over(), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Showing a network does not make it outlive its owner. */
static void attached_then_owner_dies(void **unused)
{
	pid_t owner = fork();
	struct network *other;
	bool seen = false;

	(void)unused;
	if (owner == 0) {
		struct network *n;

		if (network_up(wired, &(struct network_options){.name = "owned"}, &n, NULL))
			_exit(1);
		pause();
	}
	for (int i = 0; i < 500 && !seen; i++) {
		pause_ms(10);
		if (network_attach("owned", &other, NULL, NULL) == 0) {
			network_detach(other);
			seen = true;
		}
	}
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	if (!seen)
		skip();
	assert_true(comes_true(nothing_left, NULL));
}

static void same_name_twice(void **unused)
{
	struct network_options o = {.name = "twice"};
	struct network *n = up(&o), *second;
	struct diagnostics d = {0};

	(void)unused;
	assert_int_equal(network_up(wired, &o, &second, &d), -EEXIST);
	assert_null(second);
	assert_int_equal(d.count, 1);
	assert_non_null(strstr(d.list[0].text, "already up"));
	diagnostics_free(&d);
	network_down(n);
	assert_int_equal(left_over(), 0);
}

static void directory_is_kept(void **unused)
{
	char directory[64], log[96];
	struct network_options o = {.directory = directory};
	const char *argv[] = {"echo", "hello", NULL};
	int status;

	(void)unused;
	snprintf(directory, sizeof(directory), "%s.kept", state);
	struct network *n = up(&o);

	assert_string_equal(network_directory(n), directory);
	assert_int_equal(
		network_run(n, "sut", &(struct spawn){.argv = argv}, &status, 5000, NULL), 0);
	network_down(n);
	snprintf(log, sizeof(log), "%s/sut/echo.log", directory);
	assert_int_equal(access(log, F_OK), 0);
	char *remove[] = {"rm", "-r", directory, NULL};
	pid_t pid = fork();

	if (pid == 0)
		execvp("rm", remove);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* The user of a network is killed: everything goes by itself. */
static void user_is_killed(void **unused)
{
	int fds[2];
	pid_t user, inside;

	(void)unused;
	assert_int_equal(pipe(fds), 0);
	user = fork();
	if (user == 0) {
		const char *argv[] = {"sleep", "1000", NULL};
		struct process *p;
		struct network *n;

		if (network_up(wired, &(struct network_options){.name = "killed"}, &n, NULL) ||
			network_spawn(n, "sut", &(struct spawn){.argv = argv}, &p, NULL))
			_exit(1);
		inside = network_pid(p);
		if (write(fds[1], &inside, sizeof(inside)) < 0)
			_exit(1);
		pause();
	}
	close(fds[1]);
	if (read(fds[0], &inside, sizeof(inside)) != sizeof(inside)) {
		waitpid(user, NULL, 0);
		close(fds[0]);
		skip();
	}
	assert_int_equal(kill(inside, 0), 0);
	kill(user, SIGKILL);
	waitpid(user, NULL, 0);
	assert_true(comes_true(nothing_left, NULL));
	assert_int_equal(kill(inside, 0), -1);
	close(fds[0]);
}

static int note_keeper(void *context, const char *name, pid_t keeper)
{
	(void)name;
	*(pid_t *)context = keeper;
	return 0;
}

/* kill -9 of the keeper: its processes die, and its user is told by the next request. */
static void keeper_is_killed(void **unused)
{
	struct network *n = up(&(struct network_options){.name = "keeperless"});
	const char *argv[] = {"sleep", "1000", NULL};
	struct process *p;
	pid_t keeper = 0;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){.argv = argv}, &p, NULL), 0);
	network_each(note_keeper, &keeper);
	assert_true(keeper > 1);
	kill(keeper, SIGKILL);
	assert_int_equal(network_wait(p, &status, 5000), 0);
	assert_true(WIFSIGNALED(status));
	network_release(p);
	assert_true(network_socket(n, "sut", AF_INET, SOCK_DGRAM, 0) < 0);
	assert_true(comes_true(nothing_left, NULL));
	network_down(n);
}

/* --- programs ------------------------------------------------------------------------------- */

static int run_shell(struct network *n, const char *node, const char *script, int out)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct spawn s = {.argv = argv, .stdout_fd = out};
	int status, error = network_run(n, node, &s, &status, 10000, NULL);

	return error ? error : WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* What a script prints on a node; to be freed. */
static char *output_of(struct network *n, const char *node, const char *script)
{
	int fds[2];
	char *text = calloc(1, 4096);
	ssize_t got;
	size_t length = 0;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run_shell(n, node, script, fds[1]), 0);
	close(fds[1]);
	while ((got = read(fds[0], text + length, 4095 - length)) > 0)
		length += got;
	close(fds[0]);
	return text;
}

static void spawned_environment(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = {"sh", "-c", "exit $CODE", NULL}, *env[] = {"CODE=42", NULL};
	char *text = output_of(n, "sut",
		"echo $BATON_NODE $BATON_ROLE; test $PWD = $BATON_DIR; "
		"hostname; ls /run");
	int status;

	(void)unused;
	assert_string_equal(text, "sut sut\nsut\n");
	free(text);
	assert_int_equal(network_run(n, "sut", &(struct spawn){.argv = argv, .env = env}, &status,
				 5000, NULL),
		0);
	assert_int_equal(WEXITSTATUS(status), 42);
	network_down(n);
}

static void programs_that_cannot_start(void **unused)
{
	struct network *n = up(NULL);
	const char *none[] = {"no-such-program", NULL}, *folder[] = {"/tmp", NULL};
	const char *good[] = {"true", NULL}, *env[] = {"PATH=/usr/bin:/bin", NULL};
	struct diagnostics d = {0};
	struct process *p;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){.argv = none, .env = env}, &p, &d),
		-ENOENT);
	assert_int_equal(
		network_spawn(n, "sut", &(struct spawn){.argv = folder, .env = env}, &p, &d),
		-EACCES);
	assert_int_equal(
		network_spawn(n, "sut", &(struct spawn){.argv = good, .cwd = "/none"}, &p, &d),
		-ENOENT);
	assert_int_equal(
		network_spawn(n, "nobody", &(struct spawn){.argv = good}, &p, &d), -EINVAL);
	assert_int_equal(d.count, 4);
	assert_non_null(strstr(d.list[3].text, "tester, sut"));
	diagnostics_free(&d);
	network_down(n);
}

/* Processes of the node as its own ps counts them, less ps and its shell. */
static bool no_sleeper(void *network)
{
	return run_shell(network, "sut", "! pgrep -x sleep >/dev/null", 0) == 0;
}

/* A program that detaches twice and ignores SIGTERM leaves nothing when its group is ended. */
static void detached_descendants(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = {"sh", "-c",
		"(setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' >/dev/null 2>&1 &); exit "
		"7",
		NULL};
	struct process *p;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){.argv = argv}, &p, NULL), 0);
	assert_int_equal(network_wait(p, &status, 5000), 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	pause_ms(50);
	assert_false(no_sleeper(n)); /* the end of the program left them running */
	assert_int_equal(network_terminate(p, &status, 200), 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(no_sleeper(n));
	network_release(p);
	network_down(n);
}

static void signals_and_waiting(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = {"sleep", "1000", NULL};
	struct process *p;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){.argv = argv}, &p, NULL), 0);
	assert_int_equal(network_wait(p, &status, 0), -ETIMEDOUT);
	assert_int_equal(network_wait(p, &status, 20), -ETIMEDOUT);
	assert_int_equal(kill(network_pid(p), 0), 0);
	assert_int_equal(network_signal(p, SIGUSR1), 0);
	assert_int_equal(network_wait(p, &status, 5000), 0);
	assert_int_equal(WTERMSIG(status), SIGUSR1);
	assert_int_equal(network_signal(p, SIGUSR1), -ESRCH);
	network_release(p);
	network_down(n);
}

/* A user that ignores the end of its children still learns how its programs ended. */
static void ignored_children(void **unused)
{
	const char *argv[] = {"sh", "-c", "exit 3", NULL};
	struct network *n;
	int status;

	(void)unused;
	signal(SIGCHLD, SIG_IGN);
	n = up(NULL);
	assert_int_equal(
		network_run(n, "sut", &(struct spawn){.argv = argv}, &status, 5000, NULL), 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	network_down(n);
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(left_over(), 0);
}

/* A handle that is released takes the program with it. */
static void released_program(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = {"sleep", "1000", NULL};
	struct process *p;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){.argv = argv}, &p, NULL), 0);
	network_release(p);
	assert_true(no_sleeper(n));
	network_down(n);
}

/* --- packets -------------------------------------------------------------------------------- */

static int udp_socket(struct network *n, const char *node, const char *address, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {0, 300000};
	int fd = network_socket(n, node, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, address, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool passes(int from, int to, const char *address, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	char buffer[8];

	inet_pton(AF_INET, address, &a.sin_addr);
	sendto(from, "ping", 4, 0, (struct sockaddr *)&a, sizeof(a));
	return recv(to, buffer, sizeof(buffer), 0) == 4;
}

/* The very first packet in either direction arrives, of both families. */
static void first_packets(void **unused)
{
	struct network *n = up(NULL);
	int tester = udp_socket(n, "tester", "192.0.2.1", 716);
	int sut = udp_socket(n, "sut", "192.0.2.2", 716);

	(void)unused;
	assert_true(passes(tester, sut, "192.0.2.2", 716));
	assert_true(passes(sut, tester, "192.0.2.1", 716));
	assert_int_equal(run_shell(n, "sut", "ping -c1 -W1 2001:db8::1 >/dev/null", 0), 0);
	close(tester);
	close(sut);
	network_down(n);
}

static void packet_socket(void **unused)
{
	struct network *n = up(NULL);
	int fd = network_socket(n, "tester", AF_PACKET, SOCK_RAW, 0);

	(void)unused;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(network_socket(n, "tester", AF_INET, 9999, 0), -EINVAL);
	assert_int_equal(network_socket(n, "nobody", AF_INET, SOCK_DGRAM, 0), -EINVAL);
	network_down(n);
}

static void cut_link(void **unused)
{
	struct network *n = up(NULL);
	int tester = udp_socket(n, "tester", "192.0.2.1", 716);
	int sut = udp_socket(n, "sut", "192.0.2.2", 716);

	(void)unused;
	assert_int_equal(network_link_set(n, "wire", false), 0);
	assert_false(passes(tester, sut, "192.0.2.2", 716));
	assert_int_equal(network_link_set(n, "wire", true), 0);
	assert_true(passes(tester, sut, "192.0.2.2", 716));
	assert_int_equal(run_shell(n, "sut", "ping -c1 -W1 2001:db8::1 >/dev/null", 0), 0);
	assert_int_equal(network_link_set(n, "cable", true), -EINVAL);
	close(tester);
	close(sut);
	network_down(n);
}

static void namespaces(void **unused)
{
	struct network *n = up(NULL);
	int fd = network_netns_fd(n, "sut"), status;
	struct stat own, node;
	pid_t pid;

	(void)unused;
	assert_int_equal(fstat(fd, &node), 0);
	assert_int_equal(stat("/proc/self/ns/net", &own), 0);
	assert_true(own.st_ino != node.st_ino);
	assert_int_equal(network_netns_fd(n, "sut"), fd);
	pid = fork();
	if (pid == 0) {
		char name[16];

		_exit(network_enter(n, "sut") || gethostname(name, sizeof(name)) ||
			strcmp(name, "sut") || !if_nametoindex("eth0"));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	network_down(n);
}

/* --- several -------------------------------------------------------------------------------- */

/* What the threads share; counters are each thread's own. */
struct crowd {
	struct network_launcher *launcher;
	atomic_bool over;
	int failures;
};

static void *raise_some(void *context)
{
	struct crowd *crowd = context;
	const struct network_options options = {.launcher = crowd->launcher};

	for (int i = 0; i < 5; i++) {
		struct network *n;
		int fd;

		if (network_up(wired, &options, &n, NULL)) {
			crowd->failures++;
			continue;
		}
		fd = network_socket(n, "sut", AF_INET, SOCK_DGRAM, 0);
		crowd->failures += fd < 0;
		close(fd);
		network_down(n);
	}
	return NULL;
}

/* Holds locks of the allocator most of the time. */
static void *make_noise(void *context)
{
	struct crowd *crowd = context;
	void *kept[512];

	while (!crowd->over) {
		for (int i = 0; i < 512; i++)
			kept[i] = malloc((size_t)16 << i % 9);
		for (int i = 0; i < 512; i++)
			free(kept[i]);
	}
	return NULL;
}

/* Whatever other threads hold while one raises a network, nothing waits for it for ever. */
static void side_by_side(void **unused)
{
	pthread_t threads[4], noise;
	struct crowd crowds[4] = {0}, *first = &crowds[0];

	(void)unused;
	network_down(up(NULL)); /* skips where there are no namespaces */
	assert_int_equal(network_launcher_open(wired, &first->launcher), 0);
	assert_int_equal(pthread_create(&noise, NULL, make_noise, first), 0);
	for (int i = 0; i < 4; i++) {
		crowds[i].launcher = first->launcher;
		assert_int_equal(pthread_create(&threads[i], NULL, raise_some, &crowds[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(crowds[i].failures, 0);
	}
	first->over = true;
	pthread_join(noise, NULL);
	network_launcher_close(first->launcher);
	assert_int_equal(left_over(), 0);
}

static void launcher_ends_first(void **unused)
{
	struct network_launcher *launcher;
	struct topology other = *wired;
	struct network *n;

	(void)unused;
	network_down(up(NULL));
	assert_int_equal(network_launcher_open(wired, &launcher), 0);
	assert_int_equal(
		network_up(&other, &(struct network_options){.launcher = launcher}, &n, NULL),
		-EINVAL);
	n = up(&(struct network_options){.launcher = launcher});
	network_launcher_close(launcher);
	assert_int_equal(run_shell(n, "tester", "ping -c1 -W1 192.0.2.2 >/dev/null", 0), 0);
	network_down(n);
	assert_int_equal(left_over(), 0);
}

static void attached(void **unused)
{
	struct network *n = up(&(struct network_options){.name = "shared"}), *other;
	const struct topology *t;
	struct diagnostics d = {0};

	(void)unused;
	assert_int_equal(network_attach("shared", &other, &t, &d), 0);
	assert_string_equal(t->name, "wired");
	assert_int_equal(run_shell(other, "tester", "ping -c1 -W1 192.0.2.2 >/dev/null", 0), 0);
	network_detach(other);
	assert_int_equal(network_attach("nothing", &other, &t, &d), -ENOENT);
	assert_int_equal(d.count, 1);
	diagnostics_free(&d);
	/* Whoever was attached and let go has not become its owner. */
	pause_ms(20);
	assert_int_equal(network_attach("shared", &other, NULL, NULL), 0);
	network_detach(other);
	assert_int_equal(network_stop("shared", &d), 0);
	assert_int_equal(left_over(), 0);
	network_down(n);
}

static int set_up(void **unused)
{
	struct diagnostics d = {0};
	char *path = topology_find("wired", &d);

	(void)unused;
	if (!mkdtemp(state) || !path || setenv("BATON_STATE", state, 1))
		return -1;
	if (topology_load(path, &wired, &d))
		diagnostics_print(&d, stderr);
	free(path);
	return wired ? 0 : -1;
}

static int tear_down(void **unused)
{
	char lock[64];

	(void)unused;
	topology_free(wired);
	snprintf(lock, sizeof(lock), "%s/.lock", state);
	unlink(lock);
	return rmdir(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_and_down),
		cmocka_unit_test(child_holds_descriptors),
		cmocka_unit_test(attached_then_owner_dies),
		cmocka_unit_test(same_name_twice),
		cmocka_unit_test(directory_is_kept),
		cmocka_unit_test(user_is_killed),
		cmocka_unit_test(keeper_is_killed),
		cmocka_unit_test(spawned_environment),
		cmocka_unit_test(programs_that_cannot_start),
		cmocka_unit_test(detached_descendants),
		cmocka_unit_test(signals_and_waiting),
		cmocka_unit_test(released_program),
		cmocka_unit_test(ignored_children),
		cmocka_unit_test(first_packets),
		cmocka_unit_test(packet_socket),
		cmocka_unit_test(cut_link),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(launcher_ends_first),
		cmocka_unit_test(attached),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
