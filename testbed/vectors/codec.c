// SPDX-License-Identifier: Apache-2.0
/* One row a protocol. */
#include <stdio.h>
#include <string.h>

#include "ref/binding/binding_wire.h"
#include "ref/dhcp/dhcp_packet.h"
#include "ref/discovery/ap_info.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/eap/eap_packet.h"
#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_path.h"
#include "ref/ike/ike_wire.h"
#include "ref/isakmp/isakmp_wire.h"
#include "ref/pana/pana_wire.h"
#include "ref/radius/radius_wire.h"
#include "testbed/vectors/play.h"

static const struct header_member pana_header[] = {
	{"reserved", PANA_RESERVED, 1, false},
	{"length", PANA_LENGTH, 1, false},
	{"flags", PANA_FLAGS, 1, false},
	{"type", PANA_TYPE, 1, false},
	{"session", PANA_SESSION, 1, false},
	{"sequence", PANA_SEQUENCE, 1, false},
	{NULL, 0, 0, false},
};

static const struct header_member radius_header[] = {
	{"code", RADIUS_CODE, 1, false},
	{"identifier", RADIUS_IDENTIFIER, 1, false},
	{"length", RADIUS_LENGTH, 1, false},
	{"authenticator", RADIUS_AUTHENTICATOR_HIGH, 2, true},
	{NULL, 0, 0, false},
};

static const struct header_member dxi_header[] = {
	{"version", DXI_VERSION_FIELD, 1, false},
	{"type", DXI_TYPE, 1, false},
	{"length", DXI_LENGTH, 1, false},
	{"station", DXI_STATION, 1, true},
	{"bssid", DXI_BSSID, 1, true},
	{NULL, 0, 0, false},
};

static const struct header_member binding_header[] = {
	{"version", BINDING_VERSION_FIELD, 1, false},
	{"type", BINDING_TYPE, 1, false},
	{"length", BINDING_LENGTH, 1, false},
	{"sequence", BINDING_SEQUENCE, 1, false},
	{"key_id", BINDING_KEY_ID, 1, false},
	{NULL, 0, 0, false},
};

static const struct header_member ap_info_header[] = {
	{"element_id", AP_INFO_ELEMENT_ID, 1, false},
	{"length", AP_INFO_LENGTH, 1, false},
	{"oui", AP_INFO_OUI, 1, false},
	{"protocol", AP_INFO_PROTOCOL, 1, false},
	{"type", AP_INFO_TYPE, 1, false},
	{"version", AP_INFO_VERSION, 1, false},
	{NULL, 0, 0, false},
};

static const struct header_member ike_header[] = {
	{"spi_i", IKE_SPI_I, 1, true},
	{"spi_r", IKE_SPI_R, 1, true},
	{"next_payload", IKE_NEXT_PAYLOAD, 1, false},
	{"version", IKE_VERSIONS, 1, false},
	{"exchange", IKE_EXCHANGE_TYPE, 1, false},
	{"flags", IKE_FLAGS, 1, false},
	{"message_id", IKE_MESSAGE_ID, 1, false},
	{"length", IKE_LENGTH, 1, false},
	{NULL, 0, 0, false},
};

static const struct header_member isakmp_header[] = {
	{"cky_i", ISAKMP_CKY_I, 1, true},
	{"cky_r", ISAKMP_CKY_R, 1, true},
	{"next_payload", ISAKMP_NEXT_PAYLOAD, 1, false},
	{"version", ISAKMP_VERSIONS, 1, false},
	{"exchange", ISAKMP_EXCHANGE_TYPE, 1, false},
	{"flags", ISAKMP_FLAGS, 1, false},
	{"message_id", ISAKMP_MESSAGE_ID, 1, false},
	{"length", ISAKMP_LENGTH, 1, false},
	{NULL, 0, 0, false},
};

static const struct header_member change_header[] = {
	{"version", IKE_CHANGE_VERSION, 1, false},
	{"kind", IKE_CHANGE_KIND, 1, false},
	{"length", IKE_CHANGE_LENGTH, 1, false},
	{"sequence", IKE_CHANGE_SEQUENCE, 1, false},
	{"spi_i", IKE_CHANGE_SPI_I, 1, true},
	{"spi_r", IKE_CHANGE_SPI_R, 1, true},
	{NULL, 0, 0, false},
};

static const struct header_member path_header[] = {
	{"version", IKE_PATH_VERSION, 1, false},
	{"kind", IKE_PATH_KIND, 1, false},
	{"length", IKE_PATH_LENGTH, 1, false},
	{NULL, 0, 0, false},
};

static const struct vector_codec codecs[] = {
	{"pana", &pana_protocol, pana_header, codec_wire_parse, codec_pana_check,
		codec_wire_encode, verify_pana, NULL, false},
	{"eap", &eap_protocol, NULL, codec_eap_parse, codec_eap_check, codec_eap_encode, NULL,
		play_eap, true},
	{"eapol", &eapol_protocol, NULL, codec_eapol_parse, codec_eapol_check, codec_eapol_encode,
		verify_eapol, NULL, false},
	{"radius", &radius_protocol, radius_header, codec_radius_parse, codec_radius_check,
		codec_wire_encode, verify_radius, play_radius, false},
	{"dot1x-over-ip", &dxi_protocol, dxi_header, codec_wire_parse, codec_dxi_check,
		codec_wire_encode, NULL, play_dxi, true},
	{"binding", &binding_protocol, binding_header, codec_wire_parse, codec_wire_check,
		codec_wire_encode, verify_binding, NULL, false},
	{"ap-info", &ap_info_protocol, ap_info_header, codec_wire_parse, codec_ap_info_check,
		codec_wire_encode, NULL, NULL, false},
	{"ike", &ike_protocol, ike_header, codec_wire_parse, codec_ike_check, codec_wire_encode,
		verify_ike, NULL, false},
	{"address-change", &ike_change_protocol, change_header, codec_wire_parse,
		codec_change_check, codec_wire_encode, NULL, NULL, false},
	{"reply-path", &ike_path_protocol, path_header, codec_wire_parse, codec_path_check,
		codec_wire_encode, NULL, NULL, false},
	{"isakmp", &isakmp_protocol, isakmp_header, codec_isakmp_parse, codec_isakmp_check,
		codec_isakmp_encode, verify_isakmp, NULL, false},
	{"dhcp-over-ipsec", &dhcp_protocol, NULL, codec_dhcp_parse, codec_dhcp_check,
		codec_dhcp_encode, NULL, play_dhcp, true},
	{"tunnelled-change", NULL, NULL, codec_ipip_parse, codec_ipip_check, codec_ipip_encode,
		NULL, play_ipip, true},
};

const struct vector_codec *vector_codec(const char *protocol)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcmp(codecs[i].protocol, protocol) == 0)
			return &codecs[i];
	return NULL;
}

const char *vector_protocol(size_t index)
{
	return index < sizeof(codecs) / sizeof(codecs[0]) ? codecs[index].protocol : NULL;
}

const char *vector_protocols(char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; vector_protocol(i) && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
			vector_protocol(i));
	return out;
}
