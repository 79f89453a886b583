// SPDX-License-Identifier: Apache-2.0
/* The configuration of the IKE node. */
#ifndef BATON_IKED_SETTINGS_H
#define BATON_IKED_SETTINGS_H

#include "ref/node/aaa_settings.h"
#include "ref/node/eap_settings.h"

struct iked_certificates {
	const char *ca, *certificate, *key, *crl;
};

struct iked_eap {
	const char *identity;
	struct config_octets psk;
	struct tls_settings *tls;
	struct aaa_settings *radius; /* NULL: the responder is the server */
};

struct iked_dns {
	struct endpoint server;
	const char *zone, *name, *key, *secret;
	btime ttl;
};

struct iked_dhcp {
	uint8_t hardware[6]; /* all zero: that of the interface to the peer */
	const char *client_id; /* NULL: the hardware address */
	bool keep_sa;
};

struct iked_dhcp_relay {
	struct prefix address, subnet; /* subnet family 0: that of the address */
	struct endpoint server;
};

struct iked_connection {
	const char *peer_name; /* in the DNS; NULL: none */
	const char *name, *local_id, *remote_id, *psk;
	struct config_octets psk_octets;
	int local_auth, remote_auth; /* enum ike_means */
	struct iked_certificates *certificates; /* NULL: none */
	struct iked_eap *eap;			/* NULL: none */
	struct prefix local, remote;	   /* family 0: any */
	struct prefix local_ts, remote_ts; /* family 0: the address of that end itself */
	struct config_numbers groups;	   /* none given: all, curve25519 first */
	const char *ike_proposal, *esp_proposal; /* NULL: those of the engine */
	bool address_change, trust_new_address, check_first, tunnel, over_new_sa;
	btime hold;
	bool start, transport, mobike, fragmentation, encapsulate, ask_address, check_path;
	unsigned version;    /* of IKE */
	bool old_algorithms, dhcp_sa, childless; /* of IKEv1 */
	int pfs;
	struct iked_dhcp *dhcp;	  /* NULL: our address is our own affair */
	struct iked_dhcp_relay *dhcp_relay; /* NULL: none */
	struct prefix pool, reply_care_of;
	bool reply_link;
	unsigned fragment_size;
	btime rekey_ike, rekey_child, liveness, restart;
};

struct iked_settings {
	struct program_settings program;
	struct endpoint listen;
	unsigned nat_port, cookie_threshold, half_open_per_address, tries;
	btime half_open;
	struct iked_dns *dns; /* NULL: none */
	struct config_numbers reply_paths; /* enum ike_path_allowed */
	btime reply_limit;
	bool install; /* Child SAs go into the kernel */
	bool follow;  /* our address is where the kernel sends from */
	unsigned unverified; /* octets, beyond what the peer has sent */
	bool sockets; /* and sockets move along when an address changes */
	struct config_list connections; /* struct iked_connection */
};

extern const struct config_row iked_rows[];

/* Rules between values. */
void iked_check(struct config *config, void *settings);

#endif
