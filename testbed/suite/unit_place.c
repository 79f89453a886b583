// SPDX-License-Identifier: Apache-2.0
/* Where a test takes place: addresses of both sides, and the environment that tells the sut. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "testbed/suite/unit_job.h"
#include "testbed/util/paths.h"

#define INTERFACE "eth0"

static void address_text(const struct topology_address *a, char out[INET6_ADDRSTRLEN])
{
	if (a)
		inet_ntop(a->family, a->bytes, out, INET6_ADDRSTRLEN);
}

/* The first and second address of that family at the node's interface. */
static void topology_pair(const struct topology *t, const char *node, int family,
	char first[INET6_ADDRSTRLEN], char second[INET6_ADDRSTRLEN])
{
	unsigned n = 0;

	for (size_t i = 0; i < t->n_links; i++) {
		for (unsigned k = 0; k < 2; k++) {
			const struct topology_end *e = &t->links[i].end[k];
			if (strcmp(t->nodes[e->node].name, node) != 0)
				continue;
			for (size_t a = 0; a < e->addresses.count; a++)
				if (e->addresses.list[a].family == family && n++ < 2)
					address_text(&e->addresses.list[a],
						n == 1 ? first : second);
		}
	}
}

/* The node's MAC address; NULL on a real wire. */
static const uint8_t *mac_of(const struct topology *t, const char *node)
{
	for (size_t i = 0; t && i < t->n_links; i++)
		for (unsigned k = 0; k < 2; k++)
			if (strcmp(t->nodes[t->links[i].end[k].node].name, node) == 0)
				return t->links[i].end[k].mac.bytes;
	return NULL;
}

/* Where frames go first: to the PAE group of IEEE 802.1X-2010, or to the one station. */
static struct endpoint frame_address(const struct job *j)
{
	static const uint8_t pae_group[] = { 0x01, 0x80, 0xc2, 0, 0, 3 };
	const struct manifest_wire *wire = &j->run->manifest->wire;
	const uint8_t *sut = j->run->wire ? mac_of(j->run->wire, "sut") :
		wire->has_mac ? wire->mac : NULL;
	struct endpoint e = { .family = AF_PACKET, .port = htons(j->u->suite->role->port) };

	if (j->u->suite->role->to_group)
		sut = pae_group;
	if (!sut)
		return (struct endpoint){ 0 };
	memcpy(e.address, sut, sizeof(pae_group));
	return e;
}

const char *unit_interface(const struct job *j)
{
	return j->run->wire ? INTERFACE : j->run->manifest->wire.interface;
}

void unit_find_addresses(struct job *j)
{
	const char *family = settings_get(&j->settings, SIDE_SUT, "family");
	const struct manifest_wire *wire = &j->run->manifest->wire;
	int af = strcmp(family, "ipv6") == 0 ? AF_INET6 : AF_INET;
	uint16_t port = j->u->suite->role->port;

	if (j->run->wire) {
		topology_pair(j->run->wire, "sut", af, j->addresses[0], j->addresses[1]);
		topology_pair(j->run->wire, "tester", af, j->addresses[2], j->addresses[3]);
	} else {
		snprintf(j->addresses[0], INET6_ADDRSTRLEN, "%s", wire->address);
		snprintf(j->addresses[2], INET6_ADDRSTRLEN, "%s", wire->tester);
		if (wire->tester_second)
			snprintf(j->addresses[3], INET6_ADDRSTRLEN, "%s", wire->tester_second);
	}
	if (j->u->suite->role->carrier == CARRIER_FRAMES)
		j->frames = frame_address(j);
	for (unsigned i = 0; i < 4; i++) {
		struct endpoint *e = i < 2 ? &j->sut[i] : &j->tester[i - 2];
		if (!*j->addresses[i] || endpoint_parse(j->addresses[i], port, e) < 0)
			*e = (struct endpoint){ 0 };
	}
}

/* --- environment ---------------------------------------------------------------------------- */

static void put_env(struct job *j, const char *name, const char *value)
{
	if (value && j->env_count + 1 < ENV_MAX)
		j->env[j->env_count++] = path_format("%s=%s", name, value);
}

static void put_file(struct job *j, const char *variable, const char *name)
{
	char *path = path_format("%s/%s", j->run->credentials, name);
	put_env(j, variable, path);
	free(path);
}

/* Of a role on a LAN: the tester's own address there, for verbs that are about its station. */
static void put_mac(struct job *j)
{
	struct endpoint e = { .family = AF_PACKET };
	const uint8_t *mac = mac_of(j->run->wire, "tester");
	char text[24];

	if (!mac || j->u->suite->role->carrier != CARRIER_FRAMES)
		return;
	memcpy(e.address, mac, 6);
	put_env(j, "BATON_PEER_MAC", endpoint_text(&e, text, sizeof(text)));
}

void unit_build_env(struct job *j)
{
	bool agent = !j->u->suite->role->tester_serves; /* the sut is the serving side */
	char port[8];

	snprintf(port, sizeof(port), "%u", j->u->suite->role->port);
	put_env(j, "BATON_ROLE", j->role->name);
	put_env(j, "BATON_TEST", j->u->name);
	put_env(j, "BATON_MUTANT", j->u->mutant);
	put_env(j, "BATON_SCRATCH", j->scratch);
	put_env(j, "BATON_LOG", j->log);
	put_env(j, "BATON_INTERFACE", unit_interface(j));
	put_env(j, "BATON_ADDRESS", j->addresses[0]);
	put_env(j, "BATON_ADDRESS_2", *j->addresses[1] ? j->addresses[1] : NULL);
	put_env(j, "BATON_PREFIX_LENGTH", j->sut[0].family == AF_INET6 ? "64" : "24");
	put_env(j, "BATON_PEER_ADDRESS", j->addresses[2]);
	put_env(j, "BATON_PORT", port);
	put_mac(j);
	for (int i = 0; contract_settings[i].name; i++)
		put_env(j, contract_settings[i].variable, j->settings.value[SIDE_SUT][i]);
	if (j->run->credentials) {
		struct settings_tls tls =
			settings_tls(settings_get(&j->settings, SIDE_SUT, "authority"),
				settings_get(&j->settings, SIDE_SUT, "certificate"),
				agent ? "server" : "client");
		put_file(j, "BATON_CA_FILE", tls.authority);
		put_file(j, "BATON_CERT_FILE", tls.certificate);
		put_file(j, "BATON_KEY_FILE", tls.key);
	}
}
