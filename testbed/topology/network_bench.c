// SPDX-License-Identifier: Apache-2.0
//
// How long the two-node wired network takes to come up and go down, which every test case of a
// suite pays: median and worst of 200, and the rate with four users side by side.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "testbed/topology/network.h"

#define ROUNDS 200
#define THREADS 4

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void line(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", name, value, unit);
}

static void one_by_one(const struct topology *t)
{
	double up[ROUNDS], down[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct network *n;
		double began = now_ms();

		if (network_up(t, NULL, &n, NULL))
			exit(1);
		up[i] = now_ms() - began;
		network_down(n);
		down[i] = now_ms() - began - up[i];
	}
	qsort(up, ROUNDS, sizeof(up[0]), by_size);
	qsort(down, ROUNDS, sizeof(down[0]), by_size);
	line("wired network up, median", up[ROUNDS / 2], "ms");
	line("wired network up, worst of 200", up[ROUNDS - 1], "ms");
	line("wired network down, median", down[ROUNDS / 2], "ms");
	line("wired network down, worst of 200", down[ROUNDS - 1], "ms");
}

/* Read-only while the threads run. */
struct site {
	struct topology *topology;
	struct network_launcher *launcher;
};

static void *some(void *context)
{
	const struct site *site = context;
	const struct network_options options = { .launcher = site->launcher };

	for (int i = 0; i < ROUNDS / THREADS; i++) {
		struct network *n;

		if (network_up(site->topology, &options, &n, NULL))
			exit(1);
		network_down(n);
	}
	return NULL;
}

static void side_by_side(struct topology *t)
{
	struct site site = { .topology = t };
	pthread_t threads[THREADS];
	double began;

	if (network_launcher_open(t, &site.launcher))
		exit(1);
	began = now_ms();

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, some, &site))
			exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	network_launcher_close(site.launcher);
	line("wired networks up and down, four side by side", ROUNDS / (now_ms() - began) * 1e3,
		"networks/s");
}

int main(void)
{
	struct diagnostics d = { 0 };
	struct topology *t;
	char *path = topology_find("wired", &d);

	if (!path || topology_load(path, &t, &d)) {
		diagnostics_print(&d, stderr);
		return 1;
	}
	one_by_one(t);
	side_by_side(t);
	topology_free(t);
	free(path);
	return 0;
}
