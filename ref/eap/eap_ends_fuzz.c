// SPDX-License-Identifier: Apache-2.0
/*
 * A peer and a server talk, EAP-PSK or EAP-MD5, and the input spoils the conversation: of each
 * packet it says whether it passes, is altered at one octet, cut, or replaced by octets of the
 * input. However that goes, nobody crashes, and success at both ends means the same key.
 */
#include <stdlib.h>
#include <string.h>

#include "ref/eap/eap_method.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	if (strcmp(identity, "user") != 0)
		return false;
	user->methods[0] = *(const uint8_t *)context & 1 ? EAP_TYPE_PSK : EAP_TYPE_MD5;
	user->methods[1] = EAP_TYPE_PSK;
	memcpy(user->psk, key, sizeof(key));
	user->has_psk = true;
	strcpy(user->password, "secret");
	return true;
}

/* The packet as it arrives. */
static struct view spoil(struct reader *input, struct view packet, uint8_t room[EAP_MTU_MAX])
{
	uint8_t how = read_u8(input), at = read_u8(input), what = read_u8(input);

	if (input->failed || how < 128 || packet.size == 0)
		return packet;
	memcpy(room, packet.data, packet.size);
	if (how < 192) {
		room[at % packet.size] ^= what;
		return VIEW(room, packet.size);
	}
	if (how < 224)
		return VIEW(room, at % packet.size);
	size_t n = what <= reader_left(input) ? what : reader_left(input);
	struct view octets = read_view(input, n);
	size_t keep = at % packet.size;
	if (n)
		memcpy(room + keep, octets.data, n);
	if (keep >= 4 && keep + n <= UINT16_MAX) { /* the length, so that more is looked at */
		room[2] = (uint8_t)((keep + n) >> 8);
		room[3] = (uint8_t)(keep + n);
	}
	return VIEW(room, keep + n);
}

static void converse(struct eap_end *peer, struct eap_end *server, struct reader *input)
{
	uint8_t room[EAP_MTU_MAX];

	server->ops->start(server);
	for (unsigned i = 0; i < 24; i++) {
		struct reject reject = { 0 };
		struct eap_end *to = i & 1 ? server : peer, *from = i & 1 ? peer : server;
		if (from->output.size == 0)
			continue;
		to->ops->input(to, spoil(input, from->output, room), &reject);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct random random = random_seeded(1);
	struct reader input = reader_of(VIEW(data, size));
	uint8_t first = read_u8(&input);
	struct eap_peer_config peer_config = { .identity = "user", .password = "secret",
		.psk = key, .random = &random, .refuse_keyless = first & 2 };
	struct eap_server_config server_config = { .lookup = lookup, .lookup_context = &first,
		.server_id = "server", .random = &random,
		.notification = first & 4 ? "notice" : NULL };
	struct eap_end *peer = eap_peer_new(&peer_config);
	struct eap_end *server = eap_server_new(&server_config);

	converse(peer, server, &input);
	if (peer->status == EAP_SUCCESS && server->status == EAP_SUCCESS &&
		(peer->has_key != server->has_key ||
			memcmp(peer->msk, server->msk, EAP_MSK_SIZE) != 0))
		abort();
	if (peer->has_key && peer->status == EAP_FAILURE)
		abort();
	eap_destroy(peer);
	eap_destroy(server);
	return 0;
}
