// SPDX-License-Identifier: Apache-2.0
/* ESP in tunnel mode in the kernel (RFC 4303). Returns and undoing as in kernel.h. */
#ifndef BATON_HOST_IPSEC_H
#define BATON_HOST_IPSEC_H

#include "ref/host/ip.h"

struct kernel;

enum esp_suite {
	ESP_AES_CBC_128_SHA256, /* encryption 16 octets, integrity 32; ICV 128 bits */
	ESP_AES_GCM_16_256,	/* encryption 32 octets and 4 of salt (RFC 4106 §8.1) */
	ESP_NULL_SHA256,	/* integrity 32 octets (RFC 2410) */
	ESP_AES_GCM_16_128,	/* encryption 16 octets and 4 of salt */
	ESP_AES_CBC_256_SHA256, /* encryption 32 octets */
	ESP_AES_CBC_128_SHA384, /* integrity 48 octets; ICV 192 bits (RFC 4868) */
	ESP_AES_CBC_256_SHA384,
	ESP_AES_CBC_128_SHA512, /* integrity 64 octets; ICV 256 bits */
	ESP_AES_CBC_256_SHA512,
};

#define ESP_ENCRYPTION_MAX 36
#define ESP_INTEGRITY_MAX 64

/* One direction. */
struct esp_sa {
	struct prefix source, destination; /* outer addresses */
	uint32_t spi;			   /* host byte order, above 255 */
	uint16_t id;			   /* binds it to its policies; the same in both directions */
	enum esp_suite suite;
	uint8_t encryption[ESP_ENCRYPTION_MAX], integrity[ESP_INTEGRITY_MAX];
};

int ipsec_sa_add(struct kernel *kernel, const struct esp_sa *sa);

/* -ESRCH when it is not there. */
int ipsec_sa_delete(struct kernel *kernel, const struct esp_sa *sa);

/*
 * Has the kernel load what the suite needs, by a state that comes and goes: a module that is
 * fetched in the middle of a handoff costs more than the handoff. Negative errno: it has no such
 * suite.
 */
int ipsec_prepare(struct kernel *kernel, enum esp_suite suite);

enum esp_direction { ESP_IN = 0, ESP_OUT = 1, ESP_FORWARD = 2 };

/* Packets between these inner prefixes go through the tunnel between those outer addresses. */
struct esp_policy {
	enum esp_direction direction;
	struct prefix from, to; /* inner; length 0 with a family: everything */
	struct prefix source, destination;
	uint16_t id;
	bool optional; /* in and forward: packets that came without ESP are taken too */
};

int ipsec_policy_add(struct kernel *kernel, const struct esp_policy *policy);
int ipsec_policy_delete(struct kernel *kernel, const struct esp_policy *policy);

/* Packets that an SA has carried; to prove that a tunnel was really used. */
struct esp_count {
	uint64_t packets, octets;
	uint32_t replays, bad_integrity;
};

int ipsec_sa_count(struct kernel *kernel, const struct esp_sa *sa, struct esp_count *out);

#endif
