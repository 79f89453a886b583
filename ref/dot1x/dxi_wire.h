// SPDX-License-Identifier: Apache-2.0
/* The messages of IEEE 802.1X over IP (docs/dot1x-over-ip.md) as tables, and their stream. */
#ifndef BATON_DOT1X_DXI_WIRE_H
#define BATON_DOT1X_DXI_WIRE_H

#include "ref/base/wire.h"
#include "ref/dot1x/eapol.h"

#define DXI_PORT 49718
#define DXI_VERSION 1
#define DXI_HEADER_SIZE 16
#define DXI_MESSAGE_MAX 4096
#define DXI_UNOPENED_MAX 256 /* octets of a message before OPEN */

enum dxi_header { DXI_VERSION_FIELD, DXI_TYPE, DXI_LENGTH, DXI_STATION, DXI_BSSID };

enum dxi_type {
	DXI_OPEN = 1,
	DXI_OPENED,
	DXI_FRAME,
	DXI_PROBE,
	DXI_ALIVE,
	DXI_REFUSED,
	DXI_CLOSE,
};

enum dxi_element { DXI_EAPOL = 1, DXI_ERROR, DXI_TEXT, DXI_KEEP_ALIVE };

enum dxi_error {
	DXI_ERROR_NONE,
	DXI_ERROR_MALFORMED,
	DXI_ERROR_VERSION,
	DXI_ERROR_UNKNOWN_BSSID,
	DXI_ERROR_BUSY,
	DXI_ERROR_LIMIT,
	DXI_ERROR_NOT_OPEN,
	DXI_ERROR_WRONG_STATION,
	DXI_ERROR_TIMEOUT,
	DXI_ERROR_UNREACHABLE,
};
#define DXI_ERRORS (DXI_ERROR_UNREACHABLE + 1)

extern const struct protocol dxi_protocol;

/*
 * A whole message: Version, then the tables, then that Station and BSSID are addresses of one
 * station each where they mean something (DXI §3.1). 0, or -1 with *reject filled.
 */
int dxi_decode(struct view message, struct packet *packet, struct reject *reject);

/* CLOSE's error for what dxi_decode or dxi_stream_next rejected (DXI §3.5). */
enum dxi_error dxi_error_of(const struct reject *reject);

/* "busy"; NULL when the number has no name. */
const char *dxi_error_name(uint64_t error);

/* MAC addresses as the header's numbers. */
uint64_t dxi_mac(const uint8_t mac[MAC_SIZE]);
void dxi_mac_octets(uint64_t mac, uint8_t out[MAC_SIZE]);

/* --- the stream ------------------------------------------------------------------------------- */

/* What arrived on a connection and is not yet a whole message. */
struct dxi_stream {
	uint8_t octets[DXI_MESSAGE_MAX];
	size_t used;
	size_t limit; /* longest message taken at present */
};

/*
 * Takes octets from *input until a message is whole: 1, and *message is it, valid until the next
 * call, while *input is what is left. 0: all taken, none whole. -1: what came is no message of this
 * protocol (version, length); the connection is beyond repair. *reject tells.
 */
int dxi_stream_next(struct dxi_stream *stream, struct view *input, struct view *message,
	struct reject *reject);

#endif
