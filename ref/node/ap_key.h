// SPDX-License-Identifier: Apache-2.0
/*
 * The channel by which a PANA agent installs pairwise master keys in access points (docs/aaa.md,
 * installing keys): one message and its answer over UDP, encrypted and authenticated with a key
 * that the two share, numbered so that a copy is known. No I/O here.
 */
#ifndef BATON_NODE_AP_KEY_H
#define BATON_NODE_AP_KEY_H

#include "ref/base/reject.h"
#include "ref/base/view.h"
#include "ref/host/config.h"

#define AP_KEY_PORT 49717
#define AP_KEY_SECRET_MIN 16
#define AP_KEY_SECRET_MAX 64
#define AP_KEY_MESSAGE_MAX 128
#define PMK_SIZE 32
#define PMKID_SIZE 16

enum ap_key_type { AP_KEY_INSTALL = 1, AP_KEY_INSTALLED = 2, AP_KEY_REFUSED = 3 };

struct ap_key_message {
	enum ap_key_type type;
	uint64_t sequence; /* of an answer: that of the request */
	/* of AP_KEY_INSTALL only */
	uint8_t station[6];
	uint32_t lifetime; /* seconds */
	uint8_t pmk[PMK_SIZE];
};

/* Both directions' keys of one channel, from the shared key and the access point's BSSID. */
struct ap_key_channel {
	uint8_t encryption[2][16], integrity[2][32]; /* 0: towards the access point */
};

/* Derives them; the secret has AP_KEY_SECRET_MIN to AP_KEY_SECRET_MAX octets. To be wiped by the
 * owner. */
void ap_key_channel(struct ap_key_channel *channel, struct view secret, const uint8_t bssid[6]);

/* Writes one message into `out` of AP_KEY_MESSAGE_MAX octets; returns its size. */
size_t ap_key_seal(const struct ap_key_channel *channel, const struct ap_key_message *message,
	uint8_t *out);

/* The other way. 0, or -1 with *reject filled (may be NULL) and nothing in *message. */
int ap_key_open(const struct ap_key_channel *channel, struct view datagram,
	struct ap_key_message *message, struct reject *reject);

/* The last 64 sequence numbers that were taken, as ESP keeps them (RFC 4303 §3.4.3). */
struct ap_key_window {
	uint64_t top, seen;
};

enum ap_key_order { AP_KEY_NEW, AP_KEY_AGAIN, AP_KEY_OLD };

/* Where a sequence number stands; a new one is noted. */
enum ap_key_order ap_key_take(struct ap_key_window *window, uint64_t sequence);

/* PMKID (IEEE 802.11-2016 §12.7.1.3): HMAC-SHA1-128(PMK, "PMK Name" | BSSID | station). */
void pmkid_of(const uint8_t pmk[PMK_SIZE], const uint8_t bssid[6], const uint8_t station[6],
	uint8_t out[PMKID_SIZE]);

/*
 * How a station may use an installed key, by the names of hostapd's wpa_key_mgmt; the value is the
 * number by which hostapd and wpa_supplicant know it in PMKSA_ADD. Ends with a NULL name.
 *
 * WPA-EAP: 4-way handshake. FT-EAP: the same, and the key is the root of the fast transition
 * hierarchy, so that further moves need none (IEEE 802.11-2016 §12.7.1.7). FILS-SHA256: keys come
 * with the association (§12.12.2).
 */
extern const struct config_name ap_key_managements[];

/* Lower-case hexadecimal digits; `out` has 2 * size + 1 octets. Returns `out`. */
const char *hex_text(const uint8_t *data, size_t size, char *out);

#endif
