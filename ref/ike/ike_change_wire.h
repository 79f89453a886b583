// SPDX-License-Identifier: Apache-2.0
/*
 * The data of the notifications of address change (docs/address-change.md §4) as tables. The
 * section numbers are of that document.
 */
#ifndef BATON_IKE_IKE_CHANGE_WIRE_H
#define BATON_IKE_IKE_CHANGE_WIRE_H

#include "ref/base/engine.h"
#include "ref/base/wire.h"

/* Notify message types, of the ranges for private use of RFC 7296 §3.10.1; §3. */
enum ike_change_notify {
	IKE_N_ADDRESS_CHANGE_REFUSED = 8960,
	IKE_N_ADDRESS_CHANGE_SUPPORTED = 50176,
	IKE_N_ADDRESS_CHANGE,
	IKE_N_MIGRATION_COMPLETED,
	IKE_N_ADDRESS_EXPIRED,
	IKE_N_ADDRESS_CHANGE_COOKIE,
	IKE_N_REPLY_PATH = 50192, /* docs/reply-path.md §3 */
};

/* The data of ADDRESS_CHANGE_SUPPORTED; anything else is somebody else's private use. */
#define IKE_CHANGE_SUPPORTED_TEXT "baton address change 1"

/* Indices in the header, §4.1. */
enum {
	IKE_CHANGE_VERSION,
	IKE_CHANGE_KIND,
	IKE_CHANGE_LENGTH,
	IKE_CHANGE_SEQUENCE,
	IKE_CHANGE_SPI_I,
	IKE_CHANGE_SPI_R,
};

enum ike_change_kind {
	IKE_CHANGE_ADDRESS_CHANGE = 1,
	IKE_CHANGE_COMPLETED,
	IKE_CHANGE_EXPIRED,
	IKE_CHANGE_COOKIE,
	IKE_CHANGE_REFUSED,
};

/* §4.2. */
enum ike_change_element {
	IKE_CHANGE_OLD_IPV4 = 1,
	IKE_CHANGE_OLD_IPV6,
	IKE_CHANGE_NEW_IPV4,
	IKE_CHANGE_NEW_IPV6,
	IKE_CHANGE_CHILD_SPIS,
	IKE_CHANGE_HOLD_TIME,
	IKE_CHANGE_PATH_COOKIE,
	IKE_CHANGE_PROOF,
	IKE_CHANGE_REASON,
};

#define IKE_CHANGE_PROOF_SIZE 32
#define IKE_CHANGE_DATA_MAX 512

/* Reasons of a refusal, §4.3. */
enum ike_change_reason {
	IKE_CHANGE_BAD_ADDRESS = 1, /* the new one is none that a host can have */
	IKE_CHANGE_UNKNOWN_SA,	    /* the SPIs name no SA of this peer */
	IKE_CHANGE_BAD_PROOF,
	IKE_CHANGE_STALE,     /* a change with this number or a later one has been seen */
	IKE_CHANGE_NOT_THERE, /* the old address is not the one that the SA has */
	IKE_CHANGE_TOO_OFTEN,
	IKE_CHANGE_PROHIBITED,
};

extern const struct protocol ike_change_protocol;
extern const struct name ike_change_reasons[];

#define IKE_CHANGE_ADDRESS_ROW(vendor, code, name, kind, width)                                    \
	{ vendor, code, name, "AC §4.2", { { "Address", kind, width, 0, 0, NULL, NULL } } }

/* The rows of the elements, §4.2, for whoever has a dictionary of more than these: under `vendor`,
 * `prefix` before the names. */
#define IKE_CHANGE_ELEMENT_ROWS(vendor, prefix)                                                    \
	IKE_CHANGE_ADDRESS_ROW(vendor, IKE_CHANGE_OLD_IPV4, prefix "Old-Address-IPv4", FIELD_IPV4, \
		4),                                                                                \
		IKE_CHANGE_ADDRESS_ROW(vendor, IKE_CHANGE_OLD_IPV6, prefix "Old-Address-IPv6",     \
			FIELD_IPV6, 16),                                                           \
		IKE_CHANGE_ADDRESS_ROW(vendor, IKE_CHANGE_NEW_IPV4, prefix "New-Address-IPv4",     \
			FIELD_IPV4, 4),                                                            \
		IKE_CHANGE_ADDRESS_ROW(vendor, IKE_CHANGE_NEW_IPV6, prefix "New-Address-IPv6",     \
			FIELD_IPV6, 16),                                                           \
		{ vendor, IKE_CHANGE_CHILD_SPIS, prefix "Child-SPIs", "AC §4.2",                   \
			{ { "SPIs", FIELD_OCTETS, 0, 4, 256, NULL, NULL } } },                     \
		{ vendor, IKE_CHANGE_HOLD_TIME, prefix "Hold-Time", "AC §4.2",                     \
			{ { "Milliseconds", FIELD_UINT, 4, 0, 0, NULL, NULL } } },                 \
		{ vendor, IKE_CHANGE_PATH_COOKIE, prefix "Cookie", "AC §4.2",                      \
			{ { "Cookie", FIELD_OCTETS, 0, 8, 64, NULL, NULL } } },                    \
		{ vendor, IKE_CHANGE_PROOF, prefix "Proof", "AC §4.2",                             \
			{ { "Proof", FIELD_OCTETS, IKE_CHANGE_PROOF_SIZE, 0, 0, NULL, NULL } } },  \
		{ vendor, IKE_CHANGE_REASON, prefix "Reason", "AC §4.3",                           \
			{ { "Reason", FIELD_ENUM, 4, 0, 0, ike_change_reasons, NULL } } }

/* The notification's data: structure, kind, occurrence, and that both addresses are of one
 * family. 0 or -1 with `*reject` (may be NULL). */
int ike_change_decode(struct view data, struct packet *packet, struct reject *reject);

/* The old or the new address; family 0: not there. */
struct endpoint ike_change_address(const struct packet *packet, bool new_one);
/* Appends it; `e` must outlive the packet. */
void ike_change_add_address(struct packet *packet, bool new_one, const struct endpoint *e);

#endif
