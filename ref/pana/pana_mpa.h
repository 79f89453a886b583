// SPDX-License-Identifier: Apache-2.0
/*
 * The AVPs of media-independent pre-authentication as structures (docs/pana.md, MPA AVPs).
 *
 * Addresses are endpoints whose port is ignored; on the wire an IPv4 address is written in the
 * IPv4-mapped form of RFC 4291 §2.5.5.2, and family 0 as all zeros. An encoder fills
 * `element_value` and puts the value into `storage`, which must outlive it; a decoder takes the
 * value of an element that wire_check has passed and returns -1 when the contents contradict
 * each other.
 */
#ifndef BATON_PANA_PANA_MPA_H
#define BATON_PANA_PANA_MPA_H

#include "ref/discovery/ap_info.h"
#include "ref/pana/pana_report.h"

#define MPA_CLIENT_ID_MAX 64
#define MPA_NONCE_MIN 16
#define MPA_NONCE_MAX 64
#define MPA_VALUE_MAX 384 /* octets that any of these values takes at most */

enum mpa_mode { MPA_ESP = 1, MPA_IP_IN_IP = 2 };
enum mpa_transform {
	MPA_AES_CBC_SHA256 = 1, /* AES-CBC-128, HMAC-SHA2-256-128 */
	MPA_AES_GCM = 2,	/* AES-GCM-16 with a 256-bit key */
	MPA_NULL_SHA256 = 4,	/* no encryption, HMAC-SHA2-256-128 */
};
enum mpa_operation { MPA_BUFFER_START = 1, MPA_BUFFER_FLUSH = 2, MPA_BUFFER_STOP = 3 };
enum mpa_status {
	MPA_DONE,
	MPA_REFUSED,
	MPA_NO_ADDRESS,
	MPA_ADDRESS_IN_USE,
	MPA_NO_RESOURCES,
	MPA_UNKNOWN_REQUEST,
	MPA_NO_COMMON_TRANSFORM,
	MPA_TIMED_OUT,
	MPA_ATTACHED,
};

struct mpa_octets {
	uint8_t data[64];
	size_t size;
};

struct mpa_address_request {
	uint16_t request_id;
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t mac[6];
	struct mpa_octets client_id; /* DHCP option 61 with its type octet; may be empty */
};

struct mpa_address_context {
	uint16_t request_id;
	uint8_t family;
	uint8_t prefix_length;
	struct endpoint address, router, dns, dhcp_server;
	uint32_t lease; /* seconds */
	uint8_t router_mac[6];
};

struct mpa_address_release {
	uint16_t request_id;
	struct endpoint address;
};

struct mpa_tunnel_request {
	uint16_t request_id;
	enum mpa_mode mode;
	uint32_t spi; /* of the requester's inbound association */
	struct endpoint outer, inner;
	uint32_t transforms; /* enum mpa_transform, or-ed */
	struct mpa_octets nonce;
};

struct mpa_tunnel_parameters {
	uint16_t request_id;
	enum mpa_mode mode;
	uint32_t spi; /* of the responder's inbound association */
	struct endpoint outer, inner;
	enum mpa_transform transform;
	uint32_t lifetime; /* seconds */
	struct mpa_octets nonce;
};

struct mpa_tunnel_delete {
	uint16_t request_id;
	uint32_t spi; /* of the requester's inbound association; 0: all of this session */
};

struct mpa_buffer_control {
	uint16_t request_id;
	enum mpa_operation operation;
	uint32_t depth;	 /* packets; 0: as many as the router allows */
	uint32_t period; /* milliseconds; 0: as long as the router allows */
};

struct mpa_handover_status {
	uint16_t request_id;
	enum mpa_status code;
	char detail[128]; /* for people; terminated */
};

/* One access point that the agent knows to be near (docs/finding-access-points.md). */
struct mpa_neighbour {
	uint8_t bssid[6];
	uint8_t prefix_length;	 /* of the subnet that `address` is in; 0: not said */
	struct endpoint address; /* of the access point */
	struct endpoint agent;	 /* with its port; family 0: not said */
	char domain[AP_INFO_DOMAIN_MAX + 1];
};

struct mpa_ap_key_request {
	uint16_t request_id;
	uint8_t mac[6]; /* of the station that will use the keys */
};

struct mpa_ap {
	uint8_t bssid[6];
	struct endpoint address;
};

/* The access points that hold the station's key by now (RFC 6252 §7.7). */
struct mpa_ap_keys {
	uint16_t request_id;
	uint32_t lifetime; /* seconds */
	unsigned count;	   /* at least 1 */
	struct mpa_ap aps[MPA_APS_MAX];
};

/* MPA_VALUE_MAX octets at `storage`. The element that is returned points there. */
struct element_value mpa_encode_address_request(const struct mpa_address_request *m,
	uint8_t *storage);
struct element_value mpa_encode_address_context(const struct mpa_address_context *m,
	uint8_t *storage);
struct element_value mpa_encode_address_release(const struct mpa_address_release *m,
	uint8_t *storage);
struct element_value mpa_encode_tunnel_request(const struct mpa_tunnel_request *m,
	uint8_t *storage);
struct element_value mpa_encode_tunnel_parameters(const struct mpa_tunnel_parameters *m,
	uint8_t *storage);
struct element_value mpa_encode_tunnel_delete(const struct mpa_tunnel_delete *m, uint8_t *storage);
struct element_value mpa_encode_buffer_control(const struct mpa_buffer_control *m,
	uint8_t *storage);
struct element_value mpa_encode_handover_status(const struct mpa_handover_status *m,
	uint8_t *storage);
struct element_value mpa_encode_ap_key_request(const struct mpa_ap_key_request *m,
	uint8_t *storage);
struct element_value mpa_encode_ap_keys(const struct mpa_ap_keys *m, uint8_t *storage);
struct element_value mpa_encode_neighbour(const struct mpa_neighbour *m, uint8_t *storage);

/* 0, or -1. */
int mpa_decode_address_request(struct view value, struct mpa_address_request *m);
int mpa_decode_address_context(struct view value, struct mpa_address_context *m);
int mpa_decode_address_release(struct view value, struct mpa_address_release *m);
int mpa_decode_tunnel_request(struct view value, struct mpa_tunnel_request *m);
int mpa_decode_tunnel_parameters(struct view value, struct mpa_tunnel_parameters *m);
int mpa_decode_tunnel_delete(struct view value, struct mpa_tunnel_delete *m);
int mpa_decode_buffer_control(struct view value, struct mpa_buffer_control *m);
int mpa_decode_handover_status(struct view value, struct mpa_handover_status *m);
int mpa_decode_ap_key_request(struct view value, struct mpa_ap_key_request *m);
int mpa_decode_ap_keys(struct view value, struct mpa_ap_keys *m);
int mpa_decode_neighbour(struct view value, struct mpa_neighbour *m);

/* The strongest transform that both have: GCM, then CBC, then NULL; 0: none. */
uint32_t mpa_choose_transform(uint32_t offered, uint32_t allowed);

/* "done", "no-address": static. */
const char *mpa_status_name(enum mpa_status code);

#define ESP_KEY_MAX 36 /* AES-GCM-256: 32 octets of key and 4 of salt */

/* Keys of the two ESP associations of a proactive handover tunnel. */
struct mpa_esp_keys {
	/* octets; 0: none. With GCM the salt is part of the key */
	size_t encryption_size, integrity_size;
	uint8_t mn_to_ar_encryption[ESP_KEY_MAX], mn_to_ar_integrity[MPA_KEY_SIZE];
	uint8_t ar_to_mn_encryption[ESP_KEY_MAX], ar_to_mn_integrity[MPA_KEY_SIZE];
};

/* From the MN-AR key and what both sides said in Tunnel-Request and Tunnel-Parameters. */
void mpa_esp_keys(const uint8_t mn_ar[MPA_KEY_SIZE], const struct mpa_tunnel_request *request,
	const struct mpa_tunnel_parameters *parameters, struct mpa_esp_keys *keys);

#endif
