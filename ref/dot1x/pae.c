// SPDX-License-Identifier: Apache-2.0
#include "ref/base/mutant.h"
#include "ref/dot1x/pae.h"

const uint8_t pae_group_address[MAC_SIZE] = { 0x01, 0x80, 0xc2, 0, 0, 3 };

static bool is_for(const struct pae_lan *lan, const uint8_t destination[MAC_SIZE])
{
	return memcmp(destination, lan->own, MAC_SIZE) == 0 ||
		(lan->group && memcmp(destination, pae_group_address, MAC_SIZE) == 0);
}

int pae_frame_decode(const struct pae_lan *lan, struct view frame, struct eapol_frame *out,
	struct eapol *pdu, struct reject *reject)
{
	if (eapol_frame_decode(frame, out, reject) < 0)
		return -1;
	if (out->ethertype != lan->ethertype)
		return reject_set(reject, REJECT_TYPE, "EtherType", "IEEE 802.1X-2010 EAPOL", 12,
			out->ethertype);
	if (!is_for(lan, out->destination) || out->source[0] & 1)
		return reject_set(reject, REJECT_ADDRESS, "Destination Address",
			"IEEE 802.1X-2010 EAPOL", 0, 0);
	return eapol_decode(out->pdu, pdu, reject);
}

void pae_send(const struct pae_lan *lan, const uint8_t to[MAC_SIZE], enum eapol_type type,
	struct view body, const void *session, struct actions *actions)
{
	size_t size = 2 * MAC_SIZE + 2 + EAPOL_HEADER_SIZE + body.size;
	bool group = (lan->group && !MUTANT(eapol_sends_to_station)) || MUTANT(eapol_always_to_group);
	struct eapol_frame frame = { .ethertype = lan->ethertype };
	uint8_t pdu[EAPOL_PDU_MAX], *room = actions_room(actions, size);
	struct writer w = writer_of(room, room ? size : 0), p = writer_of(pdu, sizeof(pdu));

	memcpy(frame.destination, group ? pae_group_address : to, MAC_SIZE);
	memcpy(frame.source, lan->own, MAC_SIZE);
	eapol_encode(type, body, &p);
	frame.pdu = writer_view(&p);
	eapol_frame_encode(&frame, &w);
	if (!w.failed && !p.failed)
		actions_report(actions, session, PAE_SEND, "send", writer_view(&w));
}

void pae_rejected(const struct reject *reject, const void *session, struct actions *actions)
{
	actions_reject(actions, session, PAE_REJECTED, "rejected", reject);
}

const char *pae_event_name(enum pae_event event)
{
	static const char *const names[] = { "send", "started", "authenticated", "failed",
		"logged_off", "unreachable", "rejected" };
	return names[event];
}
