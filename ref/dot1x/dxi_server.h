// SPDX-License-Identifier: Apache-2.0
/*
 * The other side of IEEE 802.1X over IP (DXI §5): an access point that authenticates by itself, or
 * a proxy that speaks IEEE 802.1X on its LAN with the station's own MAC address. No I/O: the owner
 * accepts connections, carries octets, and sends and captures frames.
 */
#ifndef BATON_DOT1X_DXI_SERVER_H
#define BATON_DOT1X_DXI_SERVER_H

#include "ref/base/engine.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/eap/eap.h"

#define DXI_PER_ADDRESS 32
#define DXI_CONNECTIONS_MAX 4096
#define DXI_QUEUE_MAX 16384
#define DXI_PORTS_MAX 8 /* BSSIDs on one connection */

enum dxi_server_event {
	DXI_SERVER_SEND,	  /* session: the connection; data: octets for it */
	DXI_SERVER_DISCONNECT,	  /* session: the connection; close it, after what was sent */
	DXI_SERVER_PAUSE,	  /* session: the connection; read no more from it for a while */
	DXI_SERVER_RESUME,	  /* read from it again */
	DXI_SERVER_LAN_SEND,	  /* proxy: data is a whole Ethernet frame */
	DXI_SERVER_OPENED,	  /* session: the connection; a station is bound to it */
	DXI_SERVER_AUTHENTICATED, /* session: the struct dxi_port; its pmk is to be cached */
	DXI_SERVER_FAILED,	  /* session: the struct dxi_port */
	DXI_SERVER_REJECTED,	  /* session: the connection; action.reject tells why */
};

struct dxi_connection;

/* One BSSID on a connection. */
struct dxi_port {
	bool used;
	uint64_t bssid, station;
	struct eap_end *eap; /* of an access point; NULL for a proxy */
	uint8_t pmk[32];
	bool authenticated;
	btime silent_since; /* last frame to the access point, or request, that has no answer */
};

struct dxi_server_config {
	uint64_t bssids[DXI_PORTS_MAX]; /* that are served, as dxi_mac */
	unsigned bssid_count;
	bool proxy;
	uint16_t keep_alive; /* seconds; 0: 30 */
	unsigned connections_max; /* in all, at most and by default DXI_CONNECTIONS_MAX */
	void *context;
	/* Access point: makes the EAP server's end; it destroys it. */
	struct eap_end *(*eap_new)(void *context, const struct dxi_port *port);
};

struct dxi_server;

/* Copies the configuration. Never NULL. */
struct dxi_server *dxi_server_new(const struct dxi_server_config *config);

/* Releases all connections too; sends nothing. NULL is fine. */
void dxi_server_free(struct dxi_server *server);

/*
 * A connection from `peer`; NULL when DXI §6 does not allow one more: the owner closes it. An
 * unopened connection may have to make room for it: that is in `actions`.
 */
struct dxi_connection *dxi_server_accept(struct dxi_server *server, const struct endpoint *peer,
	btime now, struct actions *actions);

/* The connection is gone; `connection` is invalid afterwards. */
void dxi_server_closed(struct dxi_server *server, struct dxi_connection *connection);

/*
 * Octets of the connection, of any number. Takes as many as the list of actions, empty at the call,
 * has room for, and returns the rest: carry out the actions and, if the connection is still there,
 * call again with it.
 */
struct view dxi_server_input(struct dxi_server *server, struct dxi_connection *connection,
	struct view octets, btime now, struct actions *actions);

/* How many octets wait to be sent on the connection: after a SEND, and when it drains. */
void dxi_server_queued(struct dxi_server *server, struct dxi_connection *connection, size_t queued,
	struct actions *actions);

/* Proxy: an Ethernet frame seen on the LAN; EtherType 0x88C7 concerns it. */
void dxi_server_lan_input(struct dxi_server *server, struct view frame, btime now,
	struct actions *actions);

/* Carries out what is due by `now`, as far as `actions` has room; the rest stays due. */
void dxi_server_tick(struct dxi_server *server, btime now, struct actions *actions);
/* When dxi_server_tick wants to be called; BTIME_NEVER when nothing is pending. */
btime dxi_server_due(const struct dxi_server *server);

struct dxi_counters {
	uint64_t accepted, opened, frames_in, frames_out, keys_dropped, probes;
	uint64_t refused_address; /* connections: too many of that address */
	uint64_t refused_total;	  /* connections: too many in all, and every one is opened */
	uint64_t evicted;	  /* unopened connections that made room for another */
	uint64_t refused[DXI_ERRORS]; /* REFUSED and CLOSE sent, by enum dxi_error */
	uint64_t rejected[REJECT_COUNT];
};

/* Counts since the start; the server's, always up to date. */
const struct dxi_counters *dxi_server_counters(const struct dxi_server *server);

/* Connections that are there. */
unsigned dxi_server_connections(const struct dxi_server *server);

/* Tells each BSSID that is open on a connection, in no order. */
void dxi_server_each_port(const struct dxi_server *server,
	void (*each)(void *context, const struct endpoint *peer, const struct dxi_port *port),
	void *context);

/* What the owner keeps with a connection: its socket. */
void dxi_connection_set_owner(struct dxi_connection *connection, void *owner);
void *dxi_connection_owner(const struct dxi_connection *connection);

#endif
