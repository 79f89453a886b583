// SPDX-License-Identifier: Apache-2.0
//
// What is done with a network that is up: programs on its nodes, sockets, packets, cut links.

#include "testbed/topology/network_world.h"

/* --- programs ------------------------------------------------------------------------------- */

static void spawned_environment(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = { "sh", "-c", "exit $CODE", NULL }, *env[] = { "CODE=42", NULL };
	char *text = output_of(n, "sut",
		"echo $BATON_NODE $BATON_ROLE; test $PWD = $BATON_DIR; "
		"hostname; ls /run");
	int status;

	(void)unused;
	assert_string_equal(text, "sut sut\nsut\n");
	free(text);
	assert_int_equal(network_run(n, "sut", &(struct spawn){ .argv = argv, .env = env }, &status,
				 5000, NULL),
		0);
	assert_int_equal(WEXITSTATUS(status), 42);
	network_down(n);
}

static void programs_that_cannot_start(void **unused)
{
	struct network *n = up(NULL);
	const char *none[] = { "no-such-program", NULL }, *folder[] = { "/tmp", NULL };
	const char *good[] = { "true", NULL }, *env[] = { "PATH=/usr/bin:/bin", NULL };
	struct diagnostics d = { 0 };
	struct process *p;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = none, .env = env }, &p,
				 &d),
		-ENOENT);
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = folder, .env = env }, &p,
				 &d),
		-EACCES);
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = good, .cwd = "/none" },
				 &p, &d),
		-ENOENT);
	assert_int_equal(network_spawn(n, "nobody", &(struct spawn){ .argv = good }, &p, &d),
		-EINVAL);
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
	const char *argv[] = { "sh", "-c",
		"(setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' >/dev/null 2>&1 &); exit "
		"7",
		NULL };
	struct process *p;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = argv }, &p, NULL), 0);
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
	const char *argv[] = { "sleep", "1000", NULL };
	struct process *p;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = argv }, &p, NULL), 0);
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
	const char *argv[] = { "sh", "-c", "exit 3", NULL };
	struct network *n;
	int status;

	(void)unused;
	signal(SIGCHLD, SIG_IGN);
	n = up(NULL);
	assert_int_equal(network_run(n, "sut", &(struct spawn){ .argv = argv }, &status, 5000,
				 NULL),
		0);
	assert_int_equal(WEXITSTATUS(status), 3);
	network_down(n);
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(left_over(), 0);
}

/* A handle that is released takes the program with it. */
static void released_program(void **unused)
{
	struct network *n = up(NULL);
	const char *argv[] = { "sleep", "1000", NULL };
	struct process *p;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = argv }, &p, NULL), 0);
	network_release(p);
	assert_true(no_sleeper(n));
	network_down(n);
}

/* --- packets -------------------------------------------------------------------------------- */

static int udp_socket(struct network *n, const char *node, const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { 0, 300000 };
	int fd = network_socket(n, node, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, address, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool passes(int from, int to, const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
