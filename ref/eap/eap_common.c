// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/eap/eap_method.h"

static const struct eap_peer_method *const peer_methods[] = {
	&eap_tls_peer,
	&eap_psk_peer,
	&eap_md5_peer,
};

static const struct eap_server_method *const server_methods[] = {
	&eap_tls_server,
	&eap_psk_server,
	&eap_md5_server,
};

const struct eap_peer_method *eap_peer_method(uint32_t type)
{
	for (size_t i = 0; i < sizeof(peer_methods) / sizeof(*peer_methods); i++)
		if (peer_methods[i]->type == type)
			return peer_methods[i];
	return NULL;
}

const struct eap_server_method *eap_server_method(uint32_t type)
{
	for (size_t i = 0; i < sizeof(server_methods) / sizeof(*server_methods); i++)
		if (server_methods[i]->type == type)
			return server_methods[i];
	return NULL;
}

void eap_output_clear(struct eap_end *end)
{
	free((void *)(uintptr_t)end->output.data);
	end->output = VIEW_EMPTY;
}

void eap_output(struct eap_end *end, const struct eap_packet *packet)
{
	uint8_t room[EAP_MTU_MAX];
	struct writer w = writer_of(room, sizeof(room));

	eap_encode(packet, &w);
	struct view written = writer_view(&w);
	eap_output_clear(end);
	uint8_t *copy = eap_alloc(written.size);
	if (written.size)
		memcpy(copy, written.data, written.size);
	end->output = VIEW(copy, written.size);
	end->cost.octets += (unsigned)written.size;
	end->cost.rounds += packet->code == EAP_CODE_RESPONSE;
}

void eap_export(struct eap_end *end, const uint8_t msk[EAP_MSK_SIZE],
	const uint8_t emsk[EAP_MSK_SIZE], struct view session_id)
{
	memcpy(end->msk, msk, EAP_MSK_SIZE);
	memcpy(end->emsk, emsk, EAP_MSK_SIZE);
	end->session_id_size = session_id.size <= EAP_SESSION_ID_MAX ? session_id.size : 0;
	memcpy(end->session_id, session_id.data, end->session_id_size);
	end->has_key = true;
}

void eap_end_reset(struct eap_end *end)
{
	eap_output_clear(end);
	wipe(end->msk, sizeof(end->msk));
	wipe(end->emsk, sizeof(end->emsk));
	end->has_key = false;
	end->session_id_size = 0;
	end->method = NULL;
	end->failure = NULL;
	end->cost = (struct eap_cost){ 0 };
	end->status = EAP_WAITING;
}

bool eap_identity_copy(struct view from, char to[EAP_IDENTITY_MAX + 1])
{
	if (from.size > EAP_IDENTITY_MAX || (from.size && memchr(from.data, 0, from.size)))
		return false;
	if (from.size)
		memcpy(to, from.data, from.size);
	to[from.size] = '\0';
	return true;
}
