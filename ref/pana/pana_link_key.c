// SPDX-License-Identifier: Apache-2.0
/* Keys of a link: nonces, the SA that is about to be, what AUTH and encryption make of messages. */
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/pana/pana_encap.h"
#include "ref/pana/pana_link.h"

void link_draw_nonce(struct pana_link *link, struct pana_octets *nonce)
{
	uint8_t fresh[PANA_NONCE_MAX];
	size_t size = link->common->nonce_size;

	if (size < PANA_NONCE_MIN || size > 64)
		size = 20;
	if (MUTANT(pana_short_nonce))
		size = PANA_NONCE_MIN - 4;
	if (MUTANT(pana_constant_nonce))
		memset(fresh, 0x55, size);
	else
		random_fill(link->common->random, fresh, size);
	octets_set(nonce, VIEW(fresh, size));
}

void link_drop_next(struct pana_link *link)
{
	if (link->next)
		wipe(link->next, sizeof(*link->next));
	free(link->next);
	link->next = NULL;
}

void link_make_next(struct pana_link *link, struct view msk, uint32_t key_id)
{
	struct pana_key_input in = {
		.prf = link->prf,
		.integrity = link->integrity,
		.msk = msk,
		.i_par = octets_view(&link->i_par),
		.i_pan = octets_view(&link->i_pan),
		.pac_nonce = octets_view(&link->pac_nonce),
		.paa_nonce = octets_view(&link->paa_nonce),
		.key_id = key_id,
		.session_id = link->id,
		.encryption = link->encryption,
		.agent = link->agent,
	};

	link_drop_next(link);
	link->next = pana_alloc(sizeof(*link->next));
	pana_sa_derive(&in, link->next);
}

/* The outstanding request with the same number and contents under the present key; `old` is the one
 * that it was made with. */
static void reseal(struct pana_link *link, const struct pana_sa *old)
{
	struct packet p = packet_of(&pana_protocol);
	uint8_t buffer[PANA_MESSAGE_MAX], plain[PANA_MESSAGE_MAX];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct reject ignored = { 0 };

	wire_parse(&pana_protocol, octets_view(&link->request), &p, &ignored);
	wire_identify(&p, &ignored);
	if (packet_find(&p, 0, PANA_AVP_ENCRYPTION_ENCAP))
		pana_decap(old, link->agent, &p, plain, &ignored);

	if (p.element_count && p.elements[p.element_count - 1].code == PANA_AVP_AUTH)
		p.element_count--;
	struct view message = pana_seal(&link->sa, &p, &w);
	if (message.size)
		octets_set(&link->request, message);
}

void link_use_next(struct pana_link *link)
{
	if (!link->next)
		return;
	struct pana_sa old = link->sa;
	link->sa = *link->next;
	link_drop_next(link);
	if (link_outstanding(link))
		reseal(link, &old);
	wipe(&old, sizeof(old));
}

int link_decap(struct pana_link *link, const struct pana_sa *sa, struct view datagram,
	struct packet *packet, struct reject *reject)
{
	const struct element_value *encap = packet_find(packet, 0, PANA_AVP_ENCRYPTION_ENCAP);
	size_t encap_size = encap ? encap->value.size : 0;
	uint8_t plain[PANA_MESSAGE_MAX], whole[PANA_MESSAGE_MAX];
	struct writer w = writer_of(whole, sizeof(whole));
	struct packet again;

	octets_clear(&link->plain);
	if (MUTANT(pana_only_encrypted) && sa->encryption && !encap &&
		packet_find(packet, 0, PANA_AVP_TERMINATION_CAUSE))
		return reject_set(reject, REJECT_MISSING, "Encryption-Encap", "RFC 6786 §6.1", 0,
			0);
	if (!encap || (MUTANT(pana_ignores_agreement) && !sa->encryption))
		return 0;
	if (!sa->live || !sa->encryption)
		return reject_set(reject, REJECT_UNEXPECTED, encap->element->name, "RFC 6786 §5",
			encap->offset, encap->value.size);
	if (pana_verify(sa, datagram, packet, reject) < 0)
		return -1;
	if (pana_decap(sa, !link->agent, packet, plain, reject) < 0)
		return -1;
	wire_encode(packet, &w);
	if (w.failed)
		return reject_set(reject, REJECT_RESOURCES, "Message Length", "RFC 6786 §5", 2, 0);
	octets_set(&link->plain, writer_view(&w));
	wire_parse(&pana_protocol, octets_view(&link->plain), &again, reject);
	/* AUTH alone stays in the datagram that it is about */
	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].code != PANA_AVP_AUTH || packet->elements[i].vendor)
			packet->elements[i].value = again.elements[i].value;
	wipe(plain, encap_size);
	wipe(whole, w.used);
	return 0;
}

struct view link_message(const struct pana_link *link, struct view datagram)
{
	return link->plain.size ? octets_view(&link->plain) : datagram;
}

int link_verify(const struct pana_link *link, struct view datagram, const struct packet *packet,
	struct reject *reject)
{
	const struct element_value *auth = packet_find(packet, 0, PANA_AVP_AUTH);

	if (MUTANT(pana_ignores_auth))
		return 0;
	/* RFC 5191 §5.5: with an SA every message contains an AUTH AVP that verifies */
	if (link->sa.live)
		return pana_verify(&link->sa, datagram, packet, reject);
	/* §5.4: without one there is no key that an AUTH AVP could have been made with */
	if (auth)
		return reject_set(reject, REJECT_INTEGRITY, "AUTH", "RFC 5191 §5.4, §5.5",
			auth->offset, auth->value.size);
	/* docs/pana.md, notifications: nobody acts on what no key protects */
	for (unsigned i = 0; i < packet->element_count; i++)
		if (packet->elements[i].vendor == PANA_VENDOR)
			return reject_set(reject, REJECT_NO_INTEGRITY, "AUTH", "docs/pana.md",
				packet->elements[i].offset, packet->elements[i].code);
	return 0;
}
