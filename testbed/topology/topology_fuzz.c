// SPDX-License-Identifier: Apache-2.0
//
// The reader and validator of topology files under arbitrary text. What is accepted must print its
// daemons' configurations and addresses; what is refused must say why.

#include <stdlib.h>

#include "testbed/topology/service.h"
#include "testbed/topology/topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct topology *t, FILE *f)
{
	char text[TOPOLOGY_ADDRESS_TEXT];

	for (size_t i = 0; i < t->n_radios; i++) {
		if (t->radios[i].mode == RADIO_AP)
			write_hostapd(f, t, &t->radios[i]);
		else
			write_wpa_supplicant(f, t, &t->radios[i], "/credentials");
	}
	for (size_t i = 0; i < t->n_nodes; i++) {
		const struct topology_node *node = &t->nodes[i];
		const struct topology_address *a = topology_address(t, node->name, NULL, 0);

		for (size_t j = 0; j < node->n_services; j++) {
			const struct topology_service *s = &node->services[j];

			if (s->kind == SERVICE_DHCP)
				write_dnsmasq(f, t, node, s, "/scratch");
			else
				write_freeradius(f, s, "/scratch", "/credentials");
		}
		if (a)
			fprintf(f, "%s %s %s\n", node->name, node->role,
				topology_address_text(a, true, text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics d = { 0 };
	struct topology *t;
	FILE *null = fopen("/dev/null", "we");

	if (topology_load_text("fuzz", data, size, &t, &d) == 0) {
		use(t, null);
		if (d.count)
			abort();
		topology_free(t);
	} else if (!d.count) {
		abort();
	}
	diagnostics_print(&d, null);
	diagnostics_free(&d);
	fclose(null);
	return 0;
}
