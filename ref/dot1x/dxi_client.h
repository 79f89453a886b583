// SPDX-License-Identifier: Apache-2.0
/*
 * The station of IEEE 802.1X over IP (DXI §4): one connection to one access point or proxy, and on
 * it one EAP conversation for each BSSID. No I/O: the owner connects, carries octets, and hands
 * the PMK to the supplicant.
 */
#ifndef BATON_DOT1X_DXI_CLIENT_H
#define BATON_DOT1X_DXI_CLIENT_H

#include "ref/base/engine.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/eap/eap.h"

#define DXI_TARGETS_MAX 8
#define DXI_PMK_SIZE 32

enum dxi_client_event {
	DXI_CLIENT_CONNECT,	  /* make the connection (again) */
	DXI_CLIENT_SEND,	  /* data: octets for the connection */
	DXI_CLIENT_DISCONNECT,	  /* close it, after what was sent */
	DXI_CLIENT_AUTHENTICATED, /* session: the struct dxi_target; pmk and pmkid hold */
	DXI_CLIENT_FAILED,	  /* session: the struct dxi_target; failure says why */
	DXI_CLIENT_REJECTED,	  /* a message not taken: action.reject */
};

enum dxi_target_state {
	DXI_TARGET_WAITING, /* for the connection */
	DXI_TARGET_OPENING,
	DXI_TARGET_AUTHENTICATING,
	DXI_TARGET_AUTHENTICATED,
	DXI_TARGET_FAILED,
};

struct dxi_target {
	bool used;
	uint8_t bssid[MAC_SIZE];
	enum dxi_target_state state;
	struct eap_end *eap;
	struct eap_cost cost; /* what EAP took, once authenticated */
	const char *method;   /* and its method; NULL before */
	uint8_t pmk[DXI_PMK_SIZE], pmkid[16];
	const char *failure;
	btime deadline;
};

struct dxi_client_config {
	uint8_t station[MAC_SIZE];
	uint16_t keep_alive; /* seconds, 5 to 600; 0: 30 */
	void *context;
	/* Makes the EAP peer for one BSSID; the client destroys it. */
	struct eap_end *(*eap_new)(void *context);
};

struct dxi_client {
	struct dxi_client_config config;
	enum { DXI_DISCONNECTED, DXI_CONNECTING, DXI_CONNECTED, DXI_LEAVING } connection;
	struct dxi_target targets[DXI_TARGETS_MAX];
	struct dxi_stream stream;
	btime heard, probed, again, again_after;
	uint64_t rejected[REJECT_COUNT];
};

/* In the caller's memory, not connected; the configuration is copied. */
void dxi_client_begin(struct dxi_client *c, const struct dxi_client_config *config);

/* Wipes the keys and destroys the EAP ends. */
void dxi_client_end(struct dxi_client *c);

/* Authenticates to the access point; connects if need be. -1 when there are too many. */
int dxi_client_authenticate(struct dxi_client *c, const uint8_t bssid[MAC_SIZE], btime now,
	struct actions *actions);

/* The connection that was asked for is there; or it is gone, or could not be made. */
void dxi_client_connected(struct dxi_client *c, btime now, struct actions *actions);
void dxi_client_disconnected(struct dxi_client *c, btime now, struct actions *actions);

/*
 * Octets of the connection, of any number. Takes as many as the list of actions, empty at the call,
 * has room for, and returns the rest: carry out the actions and, if the connection is still there,
 * call again with it.
 */
struct view dxi_client_input(struct dxi_client *c, struct view octets, btime now,
	struct actions *actions);

/* Carries out what is due by `now`: connects, gives up targets, probes the connection (DXI §5). */
void dxi_client_tick(struct dxi_client *c, btime now, struct actions *actions);
/* When dxi_client_tick wants to be called; BTIME_NEVER when nothing is pending. */
btime dxi_client_due(const struct dxi_client *c);

#endif
