// SPDX-License-Identifier: Apache-2.0
/*
 * ESP in the kernel (RFC 4303), in tunnel and in transport mode, bare or in UDP (RFC 3948), and
 * its move to other addresses. Returns and undoing as in kernel.h.
 */
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
	ESP_AES_CBC_128_SHA1, /* integrity 20 octets; ICV 96 bits (RFC 2404) */
	ESP_AES_CBC_256_SHA1,
};

enum esp_mode {
	ESP_TUNNEL,    /* RFC 4303 §3.1.2 */
	ESP_TRANSPORT, /* RFC 4303 §3.1.1 */
};

#define ESP_ENCRYPTION_MAX 36
#define ESP_INTEGRITY_MAX 64

/* One direction. */
struct esp_sa {
	struct prefix source, destination; /* outer addresses; in transport mode the only ones */
	uint32_t spi;			   /* host byte order, above 255 */
	uint16_t id;			   /* binds it to its policies; the same in both directions */
	unsigned interface; /* not 0: of the interface of that id (link_add_xfrm) */
	enum esp_suite suite;
	enum esp_mode mode;
	uint16_t source_port, destination_port; /* not 0: in UDP between these ports */
	uint8_t encryption[ESP_ENCRYPTION_MAX], integrity[ESP_INTEGRITY_MAX];
};

/* Adds the SA, with a replay window. -EEXIST when there is one with that destination and SPI. */
int ipsec_sa_add(struct kernel *kernel, const struct esp_sa *sa);

/* -ESRCH when it is not there. */
int ipsec_sa_delete(struct kernel *kernel, const struct esp_sa *sa);

/*
 * Lets a UDP socket of IKE's take ESP out of what arrives (UDP_ENCAP_ESPINUDP). IKE messages still
 * reach the program, behind their marker of four zero octets (RFC 3948 §2.2).
 */
int ipsec_udp_socket(int descriptor);

/*
 * Exempts a socket from all policies, in both directions: IKE's own, between hosts whose policies
 * protect everything (RFC 4301 §4.4.1). The socket that carries ESP in UDP needs it as well.
 */
int ipsec_bypass(int descriptor, uint8_t family);

/*
 * Has the kernel load what the suite needs, by a state that comes and goes: a module that is
 * fetched in the middle of a handoff costs more than the handoff. Negative errno: it has no such
 * suite.
 */
int ipsec_prepare(struct kernel *kernel, enum esp_suite suite);

enum esp_direction { ESP_IN = 0, ESP_OUT = 1, ESP_FORWARD = 2 };

/* Packets between these inner prefixes go through the tunnel between those outer addresses; in
 * transport mode `from` and `to` are what is protected, `source` and `destination` do not matter. */
struct esp_policy {
	enum esp_direction direction;
	enum esp_mode mode;
	struct prefix from, to; /* inner; length 0 with a family: everything */
	struct prefix source, destination;
	uint16_t id;
	unsigned interface;	   /* not 0: for what leaves by that interface or came out of it */
	uint8_t protocol;	   /* 0: any */
	uint16_t to_port;	   /* host byte order; 0: any */
	bool optional; /* in and forward: packets that came without ESP are taken too */
};

/* Adds a policy, ahead of what others have; deletes one by direction and inner prefixes. */
int ipsec_policy_add(struct kernel *kernel, const struct esp_policy *policy);
int ipsec_policy_delete(struct kernel *kernel, const struct esp_policy *policy);

/*
 * Moves an SA to other addresses: keys, SPI, sequence numbers and replay window stay (RFC 4303
 * §3.3.3, §3.4.3). `sa` says where it is and afterwards where it went. `from_here`: this end sends
 * with it. An SA that sends skips some sequence numbers, so that none is used twice whatever was
 * sent meanwhile. On an error the SA is where it was, or, when even that fails, gone.
 */
int ipsec_sa_move(struct kernel *kernel, struct esp_sa *sa, bool from_here,
	const struct esp_sa *to);

/* Moves a policy: the new one is there before the old one goes. */
int ipsec_policy_move(struct kernel *kernel, struct esp_policy *policy,
	const struct esp_policy *to);

/* Packets that an SA has carried; to prove that a tunnel was really used. */
struct esp_count {
	uint64_t packets, octets;
	uint32_t replays, bad_integrity;
};

/* What the SA has carried so far. -ESRCH when it is not there; *out is zero then. */
int ipsec_sa_count(struct kernel *kernel, const struct esp_sa *sa, struct esp_count *out);

#endif
