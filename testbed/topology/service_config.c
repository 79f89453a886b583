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

void write_hostapd(FILE *f, const struct topology *t, const struct topology_radio *r)
{
	static const char *const keys[] = {
		[KEY_OPEN] = "",
		[KEY_WPA_PSK] = "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\n",
		[KEY_SAE] = "wpa=2\nwpa_key_mgmt=SAE\nrsn_pairwise=CCMP\nieee80211w=2\n",
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
	write_options(f, r);
}

static void write_known(
	FILE *f, const struct topology *t, const struct topology_wlan *w, size_t priority)
{
	static const char *const keys[] = {
		[KEY_OPEN] = "\tkey_mgmt=NONE\n",
		[KEY_WPA_PSK] = "\tkey_mgmt=WPA-PSK\n\tproto=RSN\n\tpairwise=CCMP\n",
		[KEY_SAE] = "\tkey_mgmt=SAE\n\tproto=RSN\n\tpairwise=CCMP\n\tieee80211w=2\n",
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
	fprintf(f, "\tscan_freq=%u\n\tpriority=%zu\n\tdisabled=%d\n}\n",
		channel_frequency(access_point_of(t, w)->channel), priority, !w->enabled);
}

void write_wpa_supplicant(FILE *f, const struct topology *t, const struct topology_radio *r)
{
	fprintf(f, "ctrl_interface=/run/wpa_supplicant\n");
	write_options(f, r);
	for (size_t i = 0; i < r->n_known; i++)
		write_known(f, t, &r->known[i], r->n_known - i);
}

/* The prefix length of the interface's subnet, as a mask. */
static const char *netmask_of(const struct topology *t, const struct topology_node *node,
	const char *interface, char buffer[TOPOLOGY_ADDRESS_TEXT])
{
	const struct topology_address *a = topology_address(t, node->name, interface, AF_INET);
	struct in_addr mask = {htonl(a && a->prefix ? ~0u << (32 - a->prefix) : 0)};

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
