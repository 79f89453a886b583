// SPDX-License-Identifier: Apache-2.0
#include "ref/discovery/ap_info.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/dot1x/eapol.h"
#include "ref/eap/eap_packet.h"
#include "ref/pana/pana_wire.h"
#include "testbed/suite/dxi_peer.h"
#include "testbed/suite/ike_message.h"
#include "testbed/suite/ike_peer.h"
#include "testbed/suite/isakmp_message.h"
#include "testbed/suite/isakmp_peer.h"
#include "testbed/suite/lan_message.h"
#include "testbed/suite/lan_peer.h"
#include "ref/radius/radius_wire.h"
#include "testbed/suite/listen_peer.h"
#include "testbed/suite/pana_peer.h"
#include "testbed/suite/radius_peer.h"
#include "testbed/suite/role.h"

static const struct role_inner pana_inner[] = {
	{ 0, PANA_AVP_EAP_PAYLOAD, &eap_protocol },
	{ 0, 0, NULL },
};

static const struct role_point pana_points[] = {
	{ "started", "the initial PAR and PAN are exchanged" },
	{ "authenticating", "nonces and the first EAP packets are exchanged" },
	{ "completing", "the last PAR is about to be sent, or to be answered" },
	{ "authenticated", "the last PAR said success, and the last PAN is sent" },
	{ "rejected", "the last PAR said anything else, and the last PAN is sent" },
	{ "reauthenticated", "authenticated anew in a session that was so before" },
	{ "terminated", "PTR and PTA are exchanged" },
	{ NULL, NULL },
};

static const struct role_point lan_points[] = {
	{ "started", "the first EAP Request is sent" },
	{ "identified", "the Identity Response is sent" },
	{ "authenticating", "the first Response of a method is sent" },
	{ "authenticated", "EAP-Success is sent" },
	{ "rejected", "EAP-Failure is sent" },
	{ "reauthenticated", "EAP-Success is sent for the second time" },
	{ "logged-off", "EAPOL-Logoff is sent" },
	{ NULL, NULL },
};

/* What the roles of EAP over a LAN have in common. */
#define LAN_ROLE                                                                                   \
	.protocol = &lan_protocol, .carrier = CARRIER_FRAMES, .points = lan_points,                \
	.inner = no_inner, .decode = lan_decode, .arrange = lan_arrange, .shown = lan_shown

static const struct role_inner no_inner[] = { { 0, 0, NULL } };

static const struct role_inner dxi_inner[] = {
	{ 0, DXI_EAPOL, &eapol_protocol },
	{ 0, 0, NULL },
};

static const struct role_point dxi_points[] = {
	{ "opened", "OPEN and OPENED are exchanged" },
	{ "authenticating", "EAPOL-Start and the first EAP packet are exchanged" },
	{ "authenticated", "EAP-Success is sent or received" },
	{ "rejected", "EAP-Failure or REFUSED is sent or received" },
	{ NULL, NULL },
};

/* DXI §5.4: FRAME on the LAN, from the station to the access point that the tester is. */
static const struct role_lan dxi_lan = {
	.ethertype = EAPOL_PREAUTH_ETHERTYPE,
	.message = "FRAME",
	.first = DXI_STATION,
	.second = DXI_BSSID,
	.element = DXI_EAPOL,
};

static const struct role_point listen_points[] = {
	{ "heard", "an element was heard" },
	{ NULL, NULL },
};

static const struct role_inner radius_inner[] = {
	{ 0, RADIUS_EAP_MESSAGE, &eap_protocol },
	{ 0, 0, NULL },
};

static const struct role_point radius_points[] = {
	{ "challenged", "the first Access-Challenge is sent or received" },
	{ "authenticated", "Access-Accept is sent or received" },
	{ "rejected", "Access-Reject is sent or received" },
	{ NULL, NULL },
};

static const struct role_point ike_points[] = {
	{ "keyed", "IKE_SA_INIT is exchanged, and both have keys" },
	{ "established", "IKE_AUTH is exchanged: the IKE SA and its first Child SA" },
	{ "rekeyed", "the IKE SA was made anew" },
	{ "child-rekeyed", "the Child SA was made anew" },
	{ "deleted", "a deletion was received, and answered" },
	{ "closed", "the IKE SA is deleted, or was refused" },
	{ NULL, NULL },
};

static const struct role_inner ike_inner[] = {
	{ 0, IKE_PAYLOAD_EAP, &eap_protocol },
	{ 0, 0, NULL },
};

/* What the roles of IKE have in common. */
#define IKE_ROLE                                                                                   \
	.protocol = &ike_suite_protocol, .port = IKE_PORT, .nat_port = IKE_NAT_PORT,               \
	.seal = IKE_PAYLOAD_SK, .points = ike_points, .inner = ike_inner,                          \
	.decode = ike_suite_decode, .arrange = ike_suite_arrange, .asks = ike_suite_asks,          \
	.standard = ike_suite_standard, .lists_elements = true, .eap_aside = true

static const struct role_point isakmp_points[] = {
	{ "agreed", "a transform of the ISAKMP SA is chosen" },
	{ "keyed", "public values are exchanged, and both have keys" },
	{ "authenticated", "main mode is over" },
	{ "established", "a quick mode is over: the IPsec SA" },
	{ "rekeyed", "a second one is" },
	{ "deleted", "a deletion was received" },
	{ NULL, NULL },
};

/* What the roles of IKEv1 have in common. */
#define ISAKMP_ROLE                                                                                \
	.protocol = &isakmp_suite_protocol, .port = ISAKMP_PORT, .nat_port = ISAKMP_NAT_PORT,      \
	.seal = ISAKMP_PAYLOAD_HASH, .points = isakmp_points, .inner = no_inner,                   \
	.arrange = isakmp_suite_arrange, .asks = isakmp_suite_asks,                                \
	.standard = isakmp_suite_standard, .lists_elements = true, .eap_aside = true

const struct role roles[] = {
	{
		.name = "paa",
		.title = "PANA authentication agent",
		.peer = "pac",
		.protocol = &pana_protocol,
		.port = PANA_PORT,
		.seal = PANA_AVP_AUTH,
		.points = pana_points,
		.inner = pana_inner,
		.decode = pana_suite_decode,
		.ops = &pana_pac_peer,
	},
	{
		.name = "pac",
		.title = "PANA client",
		.peer = "paa",
		.tester_serves = true,
		.protocol = &pana_protocol,
		.port = PANA_PORT,
		.seal = PANA_AVP_AUTH,
		.points = pana_points,
		.inner = pana_inner,
		.decode = pana_suite_decode,
		.ops = &pana_paa_peer,
	},
	{
		.name = "dot1x-authenticator",
		.title = "802.1X authenticator with its EAP server",
		.peer = "dot1x-supplicant",
		LAN_ROLE,
		.port = EAPOL_ETHERTYPE,
		.to_group = true,
		.ops = &lan_supplicant_peer,
	},
	{
		.name = "dot1x-supplicant",
		.title = "802.1X supplicant with its EAP peer",
		.peer = "dot1x-authenticator",
		LAN_ROLE,
		.tester_serves = true,
		.port = EAPOL_ETHERTYPE,
		.to_group = true,
		.ops = &lan_authenticator_peer,
	},
	{
		.name = "dot1x-preauth",
		.title = "target of 802.11i pre-authentication",
		.peer = "station",
		LAN_ROLE,
		.port = EAPOL_PREAUTH_ETHERTYPE,
		.ops = &lan_supplicant_peer,
	},
	{
		.name = "dxi-ap",
		.title = "access point of 802.1X over IP",
		.peer = "dxi-client",
		.protocol = &dxi_protocol,
		.carrier = CARRIER_STREAM,
		.port = DXI_PORT,
		.points = dxi_points,
		.inner = dxi_inner,
		.ops = &dxi_station_peer,
	},
	{
		.name = "dxi-proxy",
		.title = "proxy of 802.1X over IP",
		.peer = "dxi-client",
		.protocol = &dxi_protocol,
		.carrier = CARRIER_STREAM,
		.port = DXI_PORT,
		.points = dxi_points,
		.lan = &dxi_lan,
		.inner = dxi_inner,
		.ops = &dxi_station_peer,
	},
	{
		.name = "dxi-client",
		.title = "station of 802.1X over IP",
		.peer = "dxi-ap",
		.tester_serves = true,
		.protocol = &dxi_protocol,
		.carrier = CARRIER_STREAM,
		.port = DXI_PORT,
		.points = dxi_points,
		.inner = dxi_inner,
		.ops = &dxi_server_peer,
	},
	{
		.name = "radius-server",
		.title = "RADIUS server with EAP",
		.peer = "radius-client",
		.protocol = &radius_protocol,
		.port = RADIUS_PORT,
		.seal = RADIUS_MESSAGE_AUTHENTICATOR,
		.points = radius_points,
		.inner = radius_inner,
		.ops = &radius_nas_peer,
	},
	{
		.name = "radius-client",
		.title = "authenticator that passes EAP on to RADIUS",
		.peer = "radius-server",
		.tester_serves = true,
		.protocol = &radius_protocol,
		.port = RADIUS_PORT,
		.seal = RADIUS_MESSAGE_AUTHENTICATOR,
		.points = radius_points,
		.inner = radius_inner,
		.ops = &radius_server_peer,
	},
	{
		.name = "ike-responder",
		.title = "responder of IKEv2",
		.peer = "ike-initiator",
		IKE_ROLE,
		.own_port = true,
		.ops = &ike_initiator_peer,
	},
	{
		.name = "ike-initiator",
		.title = "initiator of IKEv2",
		.peer = "ike-responder",
		IKE_ROLE,
		.tester_serves = true,
		.ops = &ike_responder_peer,
	},
	{
		.name = "isakmp-responder",
		.title = "responder of IKEv1",
		.peer = "isakmp-initiator",
		ISAKMP_ROLE,
		.decode = isakmp_suite_decode_responder,
		.own_port = true,
		.ops = &isakmp_initiator_peer,
	},
	{
		.name = "isakmp-initiator",
		.title = "initiator of IKEv1",
		.peer = "isakmp-responder",
		ISAKMP_ROLE,
		.decode = isakmp_suite_decode_initiator,
		.tester_serves = true,
		.ops = &isakmp_responder_peer,
	},
	{
		.name = "ap-info",
		.title = "access point that says in its beacons where it is",
		.peer = "station",
		.tester_serves = true,
		.protocol = &ap_info_protocol,
		.port = 49719,
		.points = listen_points,
		.inner = no_inner,
		.ops = &listen_peer,
	},
	{ .name = NULL },
};

const struct role *role_named(const char *name)
{
	for (const struct role *r = roles; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

const struct protocol *role_inner_protocol(const struct role *role, const struct element *element)
{
	for (const struct role_inner *i = role->inner; element && i && i->protocol; i++)
		if (i->vendor == element->vendor && i->code == element->code)
			return i->protocol;
	return NULL;
}

uint32_t message_base_flags(const struct protocol *p, const struct message *m)
{
	uint32_t flags = UINT32_MAX;

	for (const struct message *row = p->messages; row->name; row++)
		if (strcmp(row->name, m->name) == 0)
			flags &= row->flags_value;
	return flags;
}

const struct message *message_like(const struct protocol *p, uint64_t type, uint64_t flags)
{
	const struct message *best = NULL;
	uint32_t best_flags = 0;

	for (const struct message *m = p->messages; m->name; m++) {
		uint32_t base = message_base_flags(p, m);
		if (m->type != type || (flags & base) != base)
			continue;
		if (!best || base > best_flags) {
			best = m;
			best_flags = base;
		}
	}
	return best;
}
