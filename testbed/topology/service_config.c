// SPDX-License-Identifier: Apache-2.0

#include <arpa/inet.h>
#include <string.h>

#include "testbed/topology/service.h"
#include "testbed/topology/subnet.h"

unsigned channel_frequency(unsigned channel)
{
	if (channel == 14)
		return 2484;
	return channel < 14 ? 2407 + 5 * channel : 5000 + 5 * channel;
}

/* Both daemons take a network's name in hexadecimal, which needs no quoting. */
static void write_ssid(FILE *f, const char *key, const char *ssid)
{
	fprintf(f, "%s=", key);
	for (; *ssid; ssid++)
		fprintf(f, "%02x", (unsigned char)*ssid);
	fprintf(f, "\n");
}

static void write_options(FILE *f, const struct topology_radio *r)
{
	for (size_t i = 0; i < r->n_options; i++)
		fprintf(f, "%s=%s\n", r->options[i].key, r->options[i].value);
}

static void write_servers(FILE *f, const struct topology *t, const struct topology_radio *r)
{
	const char *node = t->nodes[r->end.node].name;
	char text[TOPOLOGY_ADDRESS_TEXT];

	for (size_t i = 0; i < r->n_servers; i++) {
		const struct topology_aaa *s = &r->servers[i];
		const struct topology_address *own =
			topology_address(t, node, NULL, s->address.family);

		if (i == 0 && own)
			fprintf(f, "own_ip_addr=%s\nnas_identifier=%s\n",
				topology_address_text(own, false, text), node);
		fprintf(f, "auth_server_addr=%s\nauth_server_port=1812\n",
			topology_address_text(&s->address, false, text));
		fprintf(f, "auth_server_shared_secret=%s\n", s->secret);
	}
}

void write_hostapd(FILE *f, const struct topology *t, const struct topology_radio *r)
{
	static const char *const keys[] = {
		[KEY_OPEN] = "",
		[KEY_WPA_PSK] = "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\n",
		[KEY_SAE] = "wpa=2\nwpa_key_mgmt=SAE\nrsn_pairwise=CCMP\nieee80211w=2\n",
		[KEY_WPA_EAP] = "wpa=2\nwpa_key_mgmt=WPA-EAP\nrsn_pairwise=CCMP\nieee8021x=1\n",
	};
	const struct topology_wlan *w = &r->offered;

	fprintf(f, "interface=%s\ndriver=nl80211\nctrl_interface=/run/hostapd\n", r->end.interface);
	if (t->nodes[r->end.node].kind == NODE_BRIDGE)
		fprintf(f, "bridge=br0\n");
	write_ssid(f, "ssid2", w->ssid);
	fprintf(f, "hw_mode=%s\nchannel=%u\n%s", r->channel <= 14 ? "g" : "a", r->channel,
		keys[w->keys]);
	if (w->passphrase)
		fprintf(f, "wpa_passphrase=%s\n", w->passphrase);
	if (w->psk)
		fprintf(f, "wpa_psk=%s\n", w->psk);
	write_servers(f, t, r);
	if (r->preauthentication)
		fprintf(f, "rsn_preauth=1\nrsn_preauth_interfaces=br0\n");
	write_options(f, r);
}

/* Only the channels of the access points that the station may choose from are scanned. */
static void write_frequencies(FILE *f, const struct topology *t, const struct topology_wlan *w)
{
	const char *separator = "\tscan_freq=";

	for (size_t i = 0; i < t->n_radios; i++) {
		const struct topology_radio *r = &t->radios[i];

		if (r->mode != RADIO_AP || !access_point_offers(r, w))
			continue;
		fprintf(f, "%s%u", separator, channel_frequency(r->channel));
		separator = " ";
	}
	fprintf(f, "\n");
}

static void write_known(FILE *f, const struct topology *t, const struct topology_wlan *w,
	const char *credentials, size_t priority)
{
	static const char *const keys[] = {
		[KEY_OPEN] = "\tkey_mgmt=NONE\n",
		[KEY_WPA_PSK] = "\tkey_mgmt=WPA-PSK\n\tproto=RSN\n\tpairwise=CCMP\n",
		[KEY_SAE] = "\tkey_mgmt=SAE\n\tproto=RSN\n\tpairwise=CCMP\n\tieee80211w=2\n",
		[KEY_WPA_EAP] = "\tkey_mgmt=WPA-EAP\n\tproto=RSN\n\tpairwise=CCMP\n\teap=TLS\n",
	};
	const uint8_t *b = w->bssid.bytes;

	fprintf(f, "network={\n");
	write_ssid(f, "\tssid", w->ssid);
	if (w->bssid.given)
		fprintf(f, "\tbssid=%02x:%02x:%02x:%02x:%02x:%02x\n", b[0], b[1], b[2], b[3], b[4],
			b[5]);
	fprintf(f, "%s", keys[w->keys]);
	if (w->passphrase)
		fprintf(f, "\tpsk=\"%s\"\n", w->passphrase);
	if (w->psk)
		fprintf(f, "\tpsk=%s\n", w->psk);
	if (w->keys == KEY_WPA_EAP) {
		fprintf(f, "\tidentity=\"%s\"\n\tca_cert=\"%s/ca.pem\"\n", w->identity,
			credentials);
		fprintf(f, "\tclient_cert=\"%s/client.pem\"\n\tprivate_key=\"%s/client.key\"\n",
			credentials, credentials);
	}
	write_frequencies(f, t, w);
	fprintf(f, "\tpriority=%zu\n\tdisabled=%d\n}\n", priority, !w->enabled);
}

void write_wpa_supplicant(FILE *f, const struct topology *t, const struct topology_radio *r,
	const char *credentials)
{
	fprintf(f, "ctrl_interface=/run/wpa_supplicant\n");
	write_options(f, r);
	for (size_t i = 0; i < r->n_known; i++)
		write_known(f, t, &r->known[i], credentials, r->n_known - i);
}

/* The prefix length of the interface's subnet, as a mask. */
static const char *netmask_of(const struct topology *t, const struct topology_node *node,
	const char *interface, char buffer[TOPOLOGY_ADDRESS_TEXT])
{
	const struct topology_address *a = topology_address(t, node->name, interface, AF_INET);
	struct in_addr mask = { htonl(a && a->prefix ? ~0u << (32 - a->prefix) : 0) };

	inet_ntop(AF_INET, &mask, buffer, TOPOLOGY_ADDRESS_TEXT);
	return buffer;
}

void write_dnsmasq(FILE *f, const struct topology *t, const struct topology_node *node,
	const struct topology_service *s, const char *scratch)
{
	char first[TOPOLOGY_ADDRESS_TEXT], last[TOPOLOGY_ADDRESS_TEXT], mask[TOPOLOGY_ADDRESS_TEXT];

	fprintf(f, "port=0\nuser=root\ngroup=root\nno-ping\ndhcp-authoritative\nlog-dhcp\n");
	fprintf(f, "interface=%s\nbind-interfaces\nexcept-interface=lo\n", s->interface);
	fprintf(f, "dhcp-leasefile=%s/dnsmasq-%s.leases\n", scratch, s->interface);
	fprintf(f, "pid-file=/run/dnsmasq-%s.pid\n", s->interface);
	fprintf(f, "dhcp-range=%s,%s,%s,%u\n", topology_address_text(&s->pool[0], false, first),
		topology_address_text(&s->pool[1], false, last),
		netmask_of(t, node, s->interface, mask), s->lease_s);
	/* An option without a value is not sent; otherwise dnsmasq would name itself. */
	fprintf(f, "dhcp-option=option:router%s%s\n", s->router.family ? "," : "",
		s->router.family ? topology_address_text(&s->router, false, first) : "");
	fprintf(f, "dhcp-option=option:dns-server");
	for (size_t i = 0; i < s->dns.count; i++)
		fprintf(f, ",%s", topology_address_text(&s->dns.list[i], false, first));
	fprintf(f, "\n");
}

/* --- FreeRADIUS ----------------------------------------------------------------------------- */

/* Texts that do not depend on the topology. Rejections are not held back: nothing here is to be
   guessed, and a test would wait. */
static const char radius_base[] =
	"prefix = /usr\n"
	"libdir = /usr/lib/freeradius\n"
	"name = radius\n"
	"max_request_time = 30\n"
	"cleanup_delay = 5\n"
	"max_requests = 16384\n"
	"hostname_lookups = no\n"
	"security {\n\tmax_attributes = 200\n\treject_delay = 0\n\tstatus_server = no\n}\n"
	"thread pool {\n\tstart_servers = 1\n\tmax_servers = 8\n\tmin_spare_servers = 1\n"
	"\tmax_spare_servers = 4\n\tmax_requests_per_server = 0\n\tauto_limit_acct = no\n}\n"
	"proxy_requests = yes\n"
	"proxy server {\n\tdefault_fallback = no\n}\n";

static const char radius_virtual_server[] =
	"server default {\n"
	"\tlisten {\n\t\ttype = auth\n\t\tipaddr = *\n\t\tport = 1812\n\t}\n"
	"\tauthorize {\n\t\tsuffix\n\t\teap {\n\t\t\tok = return\n\t\t}\n\t}\n"
	"\tauthenticate {\n\t\teap\n\t}\n"
	"}\n";

/* FreeRADIUS resumes only what it has on disk. */
static void write_tls(FILE *f, const struct topology_service *s, const char *scratch,
	const char *credentials)
{
	const char *version = s->tls == TOPOLOGY_TLS_1_3 ? "1.3" : "1.2";

	fprintf(f, "\t\ttls-config common {\n");
	fprintf(f, "\t\t\tprivate_key_file = \"%s/server.key\"\n", credentials);
	fprintf(f, "\t\t\tcertificate_file = \"%s/server.pem\"\n", credentials);
	fprintf(f, "\t\t\tca_file = \"%s/ca.pem\"\n", credentials);
	fprintf(f, "\t\t\tcipher_list = \"DEFAULT\"\n");
	fprintf(f, "\t\t\ttls_min_version = \"%s\"\n\t\t\ttls_max_version = \"%s\"\n", version,
		version);
	fprintf(f, "\t\t\tcache {\n\t\t\t\tenable = %s\n", s->resumption ? "yes" : "no");
	if (s->resumption)
		fprintf(f,
			"\t\t\t\tlifetime = 1\n\t\t\t\tmax_entries = 255\n"
			"\t\t\t\tname = \"baton\"\n"
			"\t\t\t\tpersist_dir = \"%s/sessions\"\n",
			scratch);
	fprintf(f, "\t\t\t}\n\t\t}\n");
}

static void write_radius_modules(FILE *f, const struct topology_service *s, const char *scratch,
	const char *credentials)
{
	fprintf(f,
		"modules {\n"
		"\talways reject {\n\t\trcode = reject\n\t}\n"
		"\trealm suffix {\n\t\tformat = suffix\n\t\tdelimiter = \"@\"\n\t}\n"
		"\teap {\n\t\tdefault_eap_type = tls\n\t\ttimer_expire = 60\n"
		"\t\tmax_sessions = 16384\n");
	write_tls(f, s, scratch, credentials);
	fprintf(f,
		"\t\ttls {\n\t\t\ttls = common\n\t\t}\n"
		"\t}\n}\n");
}

static void write_realm(FILE *f, size_t number, const struct topology_aaa *realm)
{
	char text[TOPOLOGY_ADDRESS_TEXT];

	fprintf(f, "home_server h%zu {\n\ttype = auth\n\t%s = %s\n\tport = 1812\n", number,
		realm->address.family == AF_INET ? "ipaddr" : "ipv6addr",
		topology_address_text(&realm->address, false, text));
	fprintf(f,
		"\tsecret = '%s'\n\tresponse_window = 5\n\tzombie_period = 40\n"
		"\tstatus_check = none\n}\n",
		realm->secret);
	fprintf(f, "home_server_pool p%zu {\n\ttype = fail-over\n\thome_server = h%zu\n}\n", number,
		number);
	fprintf(f, "realm %s {\n\tauth_pool = p%zu\n\tnostrip\n}\n", realm->name, number);
}

void write_freeradius(FILE *f, const struct topology_service *s, const char *scratch,
	const char *credentials)
{
	char text[TOPOLOGY_ADDRESS_TEXT];

	fprintf(f, "%sraddbdir = %s\nrun_dir = %s\npidfile = %s/pid\n", radius_base, scratch,
		scratch, scratch);
	fprintf(f, "log {\n\tdestination = files\n\tfile = %s/../freeradius.log\n\tauth = yes\n}\n",
		scratch);
	for (size_t i = 0; i < s->n_clients; i++) {
		const struct topology_aaa *client = &s->clients[i];

		fprintf(f,
			"client c%zu {\n\t%s = %s\n\tsecret = '%s'\n"
			"\trequire_message_authenticator = yes\n}\n",
			i, client->address.family == AF_INET ? "ipaddr" : "ipv6addr",
			topology_address_text(&client->address, true, text), client->secret);
	}
	for (size_t i = 0; i < s->n_realms; i++)
		write_realm(f, i, &s->realms[i]);
	write_radius_modules(f, s, scratch, credentials);
	fputs(radius_virtual_server, f);
}
