// SPDX-License-Identifier: Apache-2.0
/* What the parts of the server of 802.1X over IP share: dxi_server.c and dxi_store.c. */
#ifndef BATON_DOT1X_DXI_INSIDE_H
#define BATON_DOT1X_DXI_INSIDE_H

#include "ref/dot1x/dxi_server.h"

#define DXI_BUCKETS 1024 /* a power of two, for at most DXI_CONNECTIONS_MAX */

struct dxi_connection {
	struct dxi_connection *next_of_address, *next_of_station; /* in their buckets */
	struct dxi_connection *older, *newer; /* of those no station is bound to */
	size_t heap_at; /* place in the heap, from 1; 0: not there */
	btime due;
	struct endpoint peer;
	void *owner;
	uint64_t station; /* 0: none yet */
	uint16_t keep_alive;
	struct dxi_port ports[DXI_PORTS_MAX];
	struct dxi_stream stream;
	btime made, heard, probed; /* probed: when a PROBE went out that has no answer; or NEVER */
	bool paused, closing;
};

struct dxi_server {
	struct dxi_server_config config;
	struct dxi_connection *of_address[DXI_BUCKETS], *of_station[DXI_BUCKETS];
	struct dxi_connection *oldest, *newest; /* unopened: no station is bound */
	struct dxi_connection **heap; /* of those with something to do, the next one first */
	size_t heap_count, heap_size;
	unsigned count;
	struct dxi_counters counters;
};

/* calloc that ends the process instead of failing. */
void *dxi_alloc(size_t size);

/* Puts a new connection with its peer set into the store, or takes it out. */
void dxi_store_add(struct dxi_server *server, struct dxi_connection *connection);
void dxi_store_remove(struct dxi_server *server, struct dxi_connection *connection);

/* Connections of that address. */
unsigned dxi_store_of_address(const struct dxi_server *server, const struct endpoint *peer);

/* Binds the connection, which is bound to none, to the station. */
void dxi_store_bind(struct dxi_server *server, struct dxi_connection *connection,
	uint64_t station);

/* The connection that the station is bound to and that is not about to close, or NULL. */
struct dxi_connection *dxi_store_holder(const struct dxi_server *server, uint64_t station);

/* Its unopened connection that is the oldest and not about to close, or NULL. */
struct dxi_connection *dxi_store_oldest(const struct dxi_server *server);

/* When the connection has something to do next; BTIME_NEVER: nothing. */
void dxi_store_set_due(struct dxi_server *server, struct dxi_connection *connection, btime due);

/* The connection that is due first, or NULL. */
struct dxi_connection *dxi_store_first(const struct dxi_server *server);

#endif
