// SPDX-License-Identifier: Apache-2.0
/*
 * Inside the experiment of Figure 10: one repetition's network, its programs, and the act that is
 * played on it. layer2_stage.c raises and steers, layer2_moves.c knows the ways of moving.
 */
#ifndef BATON_MEASURE_LAYER2_STAGE_H
#define BATON_MEASURE_LAYER2_STAGE_H

#include <sys/types.h>

#include "testbed/measure/cast.h"
#include "testbed/measure/layer2.h"
#include "testbed/topology/network.h"

/* Of the topology. */
#define AP1 "02:00:00:00:0a:01"
#define AP2 "02:00:00:00:0a:02"
#define NETWORK_A "1" /* its number in wpa_supplicant, the second of the topology */
#define NETWORK_B "0"

struct layer2_way;

struct stage {
	const struct experiment *experiment;
	const struct layer2_way *way;
	const char *identity;
	struct topology *topology;
	struct network *network;
	struct cast *cast;
	pid_t capture;
	char folder[1024]; /* absolute */
	char log[1280];	   /* of wpa_supplicant */
	char air[1280];	   /* capture */
};

/* One move: what was said on the air; times in seconds. */
struct move {
	struct layer2_air air;
	double leaving;	  /* seconds that the station took to leave the old access point */
	double connected; /* when the later of both ends said so */
};

struct act {
	double prepared;	 /* when nothing more was done beforehand */
	struct move first, next; /* to AP1; on to AP2 */
};

/* --- layer2_moves.c ----------------------------------------------------------------------------
 */

/* A way of moving; NULL: there is none of that name. */
const struct layer2_way *layer2_way(const char *name);

/* hostapd's word for what the keys that MPA installs are for. */
const char *layer2_way_keys(const struct layer2_way *way);

/* Plays it. 0, or -1 with *error. */
int layer2_perform(struct stage *stage, struct act *act, struct report_error *error);

/* The figures, after checking that the way was the one that was meant. */
int layer2_compute(struct stage *stage, const struct act *act, const char *pmksa,
	struct layer2_figures *figures, struct report_error *error);

/* --- layer2_stage.c ----------------------------------------------------------------------------
 */

/* Raises the network, its nodes and the capture. `seed` as in cast_start. */
int stage_enter(struct stage *stage, const struct experiment_options *options, unsigned seed,
	struct report_error *error);

/* Ends the capture: all of it is in the file. */
void stage_stop_capture(struct stage *stage);

/* Takes everything down, also what was raised in part. */
void stage_leave(struct stage *stage);

/* Writes *error as by printf. -1. */
int __attribute__((format(printf, 2, 3)))
stage_fail(struct report_error *error, const char *format, ...);
/* Sleeps, by the clock of the machine or the guest. */
void stage_wait_ms(unsigned ms);
/* Seconds of CLOCK_REALTIME, as in captures and logs. */
double stage_now(void);

/* Runs a program on a node; its output goes to `out` (of `size` octets; NULL: nobody wants it). */
int stage_run(struct stage *stage, const char *node, const char *const *argv, char *out,
	size_t size, struct report_error *error);

/* A command to wpa_supplicant. */
#define AIR(...)                                                                                   \
	(const char *const[])                                                                      \
	{                                                                                          \
		"wpa_cli", "-p", "/run/wpa_supplicant", "-i", "wlan0", __VA_ARGS__, NULL           \
	}
#define SET(key, value) AIR("set_network", NETWORK_A, key, value)

/* Tells wpa_supplicant; it answers OK. */
int stage_tell(struct stage *stage, const char *const *argv, struct report_error *error);

/* Waits until its log says so after `from`. */
int stage_await(struct stage *stage, const char *words, double from, struct report_error *error);

/* A verb of a node, without arguments but network A. */
int stage_verb(struct stage *stage, const char *node, const char *verb, struct report_error *error);

#endif
