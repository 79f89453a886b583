// SPDX-License-Identifier: Apache-2.0
/* What there is to know of a client. */
#include "ref/pana/pac_inside.h"

const char *pac_state_name(const struct pac *pac)
{
	return pac_machine.states[pac->state];
}

enum pana_access pac_access(const struct pac *pac)
{
	return pac->access;
}

bool pac_open(const struct pac *pac)
{
	return pac->opened && pac->state != PAC_CLOSED && pac->state != PAC_SESS_TERM;
}

bool pac_closed(const struct pac *pac)
{
	return pac->state == PAC_CLOSED;
}

uint32_t pac_session_id(const struct pac *pac)
{
	return pac->link.id;
}

uint32_t pac_lifetime(const struct pac *pac)
{
	return pac->lifetime;
}

btime pac_expires(const struct pac *pac)
{
	return pac->expires;
}

bool pac_ip_reconfiguration(const struct pac *pac)
{
	return pac->reconfigure;
}

const struct endpoint *pac_peer(const struct pac *pac)
{
	return &pac->link.peer;
}

uint32_t pac_rejected(const struct pac *pac, enum reject_reason reason)
{
	return pac->rejected[reason];
}

const struct pana_session_keys *pac_keys(const struct pac *pac)
{
	return pac->link.sa.live ? &pac->link.sa.keys : NULL;
}

int pac_ap_key(const struct pac *pac, const uint8_t bssid[6], uint8_t out[MPA_KEY_SIZE])
{
	if (!pac->link.sa.live)
		return -1;
	mpa_ap_key(&pac->link.sa, bssid, out);
	return 0;
}

const struct eap_cost *pac_eap_cost(const struct pac *pac)
{
	return pac->eap ? &pac->eap->cost : &pac->cost;
}

const char *pac_method(const struct pac *pac)
{
	return pac->eap ? pac->eap->method : pac->method;
}

const struct fsm *pac_fsm(void)
{
	return &pac_machine;
}

const uint32_t *pac_fsm_hits(const struct pac *pac)
{
	return pac->hits;
}

void pac_report_vendors(struct pac *pac, const struct pac_step *step)
{
	bool carries = false;

	for (unsigned i = 0; i < step->packet->element_count; i++)
		carries |= step->packet->elements[i].vendor == PANA_VENDOR;
	if (carries && pac->link.sa.live && packet_find(step->packet, 0, PANA_AVP_AUTH))
		actions_report(step->actions, pac, PANA_REPORT_NOTIFIED,
			pana_report_name(PANA_REPORT_NOTIFIED),
			link_message(&pac->link, step->datagram));
}
