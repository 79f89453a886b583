// SPDX-License-Identifier: Apache-2.0
/*
 * The experiment of RFC 6252 C.5.3: what an authentication costs a move between access points,
 * with and without pre-authentication at layer 2 (Figure 10).
 *
 * The station and the access points are wpa_supplicant and hostapd; times of the air are those of
 * wpa_supplicant's log, what is on the air is what the monitor of mac80211_hwsim captures.
 */
#ifndef BATON_MEASURE_LAYER2_H
#define BATON_MEASURE_LAYER2_H

#include "testbed/measure/experiment.h"

/* Figures of one move; NAN where it has none. */
#define LAYER2_FIGURES(X)                                                                          \
	X(t_auth_ms, "T_auth: EAP-TLS", "ms")                                                      \
	X(t_conf_ms, "T_conf: keys installed", "ms")                                               \
	X(t_assoc_4way_ms, "T_assoc+4way", "ms")                                                   \
	X(total_ms, "Total", "ms")                                                                 \
	X(affecting_handover_ms, "Time affecting handover", "ms")                                  \
	X(ap_wait_ms, "Access point before its first key message, in it", "ms")                    \
	X(connected_ms, "Both ends say that they are connected", "ms")                             \
	X(leaving_ms, "Leaving the old access point, before it", "ms")                             \
	X(eap_after_move, "EAP packets on the air after the move", "packets")                      \
	X(handshake_after_move, "Messages of the 4-way handshake", "packets")                      \
	X(next_ap_ms, "Move on to a second access point", "ms")                                    \
	X(next_ap_eap, "EAP packets on the air then", "packets")                                   \
	X(next_ap_handshake, "Messages of the 4-way handshake then", "packets")

struct layer2_figures {
#define X(row, title, unit) double row;
	LAYER2_FIGURES(X)
#undef X
};

extern const struct experiment_column layer2_columns[];


/* As experiment_run. */
int layer2_run(const struct experiment *experiment, const struct experiment_options *options,
	const struct figures *documented, struct result *result);

/* --- layer2_verdict.c: what the columns say together ------------------------------------------- */

struct layer2_column {
	const char *name;	      /* NULL ends a list */
	double affecting_handover_ms; /* median; NAN: no repetition gave it */
};

/* Adds to the report what must hold of the columns. Returns how much of it does not. */
int layer2_judge(const struct layer2_column *columns, struct result_measurement *measurement);

/* --- layer2_log.c: what the log and the air say ----------------------------------------------- */

/*
 * The time, in seconds, of the first line at or after `from` in a log of wpa_supplicant -t that
 * holds `words`; NAN when there is none. `until`: not after that time (INFINITY: any).
 */
double layer2_said(const char *log, const char *words, double from, double until);

/* The last one before `until`. */
double layer2_said_last(const char *log, const char *words, double until);

/* Authentication algorithms (IEEE 802.11-2016 §9.4.1.1). */
enum { LAYER2_OPEN = 0, LAYER2_FT = 2, LAYER2_FILS = 4 };

/* A move to one access point as it was on the air; times in seconds, NAN: never. */
struct layer2_air {
	double began;	   /* first Authentication frame to the access point; without one (fast
			      transition over the distribution system): first Association Request */
	double asked;	   /* first (Re)Association Request */
	double associated; /* last (Re)Association Response */
	double answered;   /* first EAPOL frame of the access point after that */
	double first_eap, last_eap; /* EAPOL frames with EAP packets, or EAPOL-Start */
	double completed;    /* last message of the 4-way handshake; without one: as `associated` */
	unsigned eap, keys;  /* EAPOL frames with EAP; with key messages */
	int algorithm;	     /* of the first Authentication frame; -1: there is none */
	char pmkid[33]; /* the first in a 4-way handshake or FILS authentication, hexadecimal; or "" */
};

/*
 * Reads a capture of 802.11 frames with radiotap headers: frames to and from the access point
 * `bssid`, from `from` to `until`. 0, or -1 with *error.
 */
int layer2_air(const char *capture, const uint8_t bssid[6], double from, double until,
	struct layer2_air *air, struct report_error *error);

/* When the station first took leave (Deauthentication, Disassociation) in that time; NAN: never. */
double layer2_left(const char *capture, const uint8_t station[6], double from, double until);

#endif
