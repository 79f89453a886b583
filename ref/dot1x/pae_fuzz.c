// SPDX-License-Identifier: Apache-2.0
/* Any frames at both entities: each a length octet and that many octets. */
#include "ref/dot1x/pae_authenticator.h"
#include "ref/dot1x/pae_supplicant.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcde";

static bool find_user(void *context, const char *identity, struct eap_user *user)
{
	(void)context, (void)identity;
	*user = (struct eap_user){ .methods = { EAP_TYPE_PSK, EAP_TYPE_MD5 }, .has_psk = true };
	return true;
}

static struct eap_end *new_server(void *context)
{
	return eap_server_new(&(struct eap_server_config){ .lookup = find_user,
		.server_id = "s", .random = context });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pae_authenticator authenticator;
	static struct pae_supplicant supplicant;
	struct random random = random_seeded(1);
	struct pae_lan lan = { .ethertype = EAPOL_ETHERTYPE, .group = true };
	struct reader r = reader_of(VIEW(data, size));
	struct actions actions;
	btime now = 0;

	actions_clear(&actions);
	pae_authenticator_begin(&authenticator, &(struct pae_authenticator_config){ .lan = lan,
		.context = &random, .eap_new = new_server });
	pae_supplicant_begin(&supplicant, &(struct pae_supplicant_config){ .lan = lan,
		.eap = eap_peer_new(&(struct eap_peer_config){ .identity = "p", .psk = key,
			.password = "p", .random = &random }) });
	pae_supplicant_connect(&supplicant, now, &actions);
	while (reader_left(&r) && !r.failed) {
		struct view frame = read_view(&r, read_u8(&r));
		pae_authenticator_input(&authenticator, frame, now, &actions);
		actions_clear(&actions);
		pae_supplicant_input(&supplicant, frame, now, &actions);
		actions_clear(&actions);
		now += BTIME_S;
		pae_authenticator_tick(&authenticator, now, &actions);
		actions_clear(&actions);
		pae_supplicant_tick(&supplicant, now, &actions);
		if (actions.overflowed)
			__builtin_trap();
		actions_clear(&actions);
	}
	pae_authenticator_end(&authenticator);
	pae_supplicant_end(&supplicant);
	return 0;
}
