// SPDX-License-Identifier: Apache-2.0
/* What there is to know of sessions and of the agent. */
#include "ref/pana/paa_inside.h"

unsigned paa_count(const struct paa *paa)
{
	return paa->count;
}

unsigned paa_half_open(const struct paa *paa)
{
	return paa->half_open;
}

uint32_t paa_rejected(const struct paa *paa, enum reject_reason reason)
{
	return paa->rejected[reason];
}

const struct fsm *paa_fsm(void)
{
	return &paa_machine;
}

const uint32_t *paa_fsm_hits(const struct paa *paa)
{
	return paa->hits;
}

uint32_t paa_session_id(const struct paa_session *session)
{
	return session->link.id;
}

const char *paa_session_state(const struct paa_session *session)
{
	return paa_machine.states[session->state];
}

enum pana_access paa_session_access(const struct paa_session *session)
{
	return session->access;
}

bool paa_session_open(const struct paa_session *session)
{
	return session->opened && session->state != PAA_CLOSED && session->state != PAA_SESS_TERM;
}

const struct endpoint *paa_session_peer(const struct paa_session *session)
{
	return &session->link.peer;
}

const char *paa_session_identity(const struct paa_session *session)
{
	if (session->identity)
		return session->identity;
	return session->eap ? session->eap->identity : "";
}

const char *paa_session_method(const struct paa_session *session)
{
	const char *method = session->eap ? session->eap->method : session->method;
	return method ? method : "";
}

const struct eap_cost *paa_session_eap_cost(const struct paa_session *session)
{
	return session->eap ? &session->eap->cost : &session->cost;
}

uint32_t paa_session_lifetime(const struct paa_session *session)
{
	return session->lifetime;
}

btime paa_session_expires(const struct paa_session *session)
{
	return btime_min(session->expires, session->hold_due);
}

struct eap_end *paa_session_eap(const struct paa_session *session)
{
	return session->eap;
}

const struct pana_session_keys *paa_session_keys(const struct paa_session *session)
{
	return session->link.sa.live ? &session->link.sa.keys : NULL;
}

int paa_session_ap_key(const struct paa_session *session, const uint8_t bssid[6],
	uint8_t out[MPA_KEY_SIZE])
{
	if (!session->link.sa.live)
		return -1;
	mpa_ap_key(&session->link.sa, bssid, out);
	return 0;
}

void paa_session_set_owner(struct paa_session *session, void *owner)
{
	session->owner = owner;
}

void *paa_session_owner(const struct paa_session *session)
{
	return session->owner;
}
