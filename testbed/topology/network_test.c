// SPDX-License-Identifier: Apache-2.0
//
// Networks as a program uses them: raised in this process, one after the other and side by side, and
// deaths of every kind.

#include "testbed/topology/network_world.h"

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

		if (network_up(wired, &(struct network_options){ .name = "owned" }, &n, NULL))
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
	struct network_options o = { .name = "twice" };
	struct network *n = up(&o), *second;
	struct diagnostics d = { 0 };

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
	struct network_options o = { .directory = directory };
	const char *argv[] = { "echo", "hello", NULL };
	int status;

	(void)unused;
	snprintf(directory, sizeof(directory), "%s.kept", state);
	struct network *n = up(&o);

	assert_string_equal(network_directory(n), directory);
	assert_int_equal(network_run(n, "sut", &(struct spawn){ .argv = argv }, &status, 5000,
				 NULL),
		0);
	network_down(n);
	snprintf(log, sizeof(log), "%s/sut/echo.log", directory);
	assert_int_equal(access(log, F_OK), 0);
	char *remove[] = { "rm", "-r", directory, NULL };
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
		const char *argv[] = { "sleep", "1000", NULL };
		struct process *p;
		struct network *n;

		if (network_up(wired, &(struct network_options){ .name = "killed" }, &n, NULL) ||
			network_spawn(n, "sut", &(struct spawn){ .argv = argv }, &p, NULL))
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
	struct network *n = up(&(struct network_options){ .name = "keeperless" });
	const char *argv[] = { "sleep", "1000", NULL };
	struct process *p;
	pid_t keeper = 0;
	int status;

	(void)unused;
	assert_int_equal(network_spawn(n, "sut", &(struct spawn){ .argv = argv }, &p, NULL), 0);
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
	const struct network_options options = { .launcher = crowd->launcher };

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
	struct crowd crowds[4] = { 0 }, *first = &crowds[0];

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
	assert_int_equal(network_up(&other, &(struct network_options){ .launcher = launcher }, &n,
				 NULL),
		-EINVAL);
	n = up(&(struct network_options){ .launcher = launcher });
	network_launcher_close(launcher);
	assert_int_equal(run_shell(n, "tester", "ping -c1 -W1 192.0.2.2 >/dev/null", 0), 0);
	network_down(n);
	assert_int_equal(left_over(), 0);
}

static void attached(void **unused)
{
	struct network *n = up(&(struct network_options){ .name = "shared" }), *other;
	const struct topology *t;
	struct diagnostics d = { 0 };

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
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(launcher_ends_first),
		cmocka_unit_test(attached),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
