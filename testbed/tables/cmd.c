// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ref/base/fsm.h"
#include "ref/base/wire_reference.h"
#include "ref/binding/binding_wire.h"
#include "ref/dhcp/acd.h"
#include "ref/dhcp/arp_packet.h"
#include "ref/dhcp/dhcp_client.h"
#include "ref/dhcp/dhcp_packet.h"
#include "ref/discovery/ap_info.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/dot1x/eapol.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "ref/ike/ike.h"
#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_path.h"
#include "ref/ike/ike_wire.h"
#include "ref/isakmp/isakmp.h"
#include "ref/pana/paa.h"
#include "ref/pana/pac.h"
#include "ref/radius/radius_wire.h"
#include "testbed/tables/cmd.h"

static const char usage[] =
	"usage: baton tables\n"
	"       baton tables PROTOCOL fields|states|dot|dictionary\n"
	"\n"
	"What the tables say by which Baton encodes, decodes and checks messages and runs its "
	"state\n"
	"machines. Without a protocol: which there are.\n"
	"\n"
	"  fields      messages, elements, bounds, each with its section, in Markdown\n"
	"  states      state machines as tables and Mermaid drawings, in Markdown\n"
	"  dot         state machines for Graphviz\n"
	"  dictionary  words for libFuzzer and AFL: types, flags, headers of elements, values\n";

#define ROWS_MAX 16
#define MACHINES_MAX 2

/* One row a protocol: its messages, and the machines of those that speak it. */
struct row {
	const char *name;
	const struct protocol *wire;
	const struct fsm *machines[MACHINES_MAX];
};

/* Machines behind a function cannot stand in a constant row. */
static size_t rows_of(struct row rows[ROWS_MAX])
{
	const struct row all[] = {
		{ "pana", &pana_protocol, { pac_fsm(), paa_fsm() } },
		{ "eap", &eap_protocol, { &eap_peer_fsm, &eap_server_fsm } },
		{ "eapol", &eapol_protocol, { NULL } },
		{ "radius", &radius_protocol, { NULL } },
		{ "dhcp", &dhcp_protocol, { &dhcp_client_fsm } },
		{ "arp", &arp_protocol, { &acd_fsm } },
		{ "binding", &binding_protocol, { NULL } },
		{ "dot1x-over-ip", &dxi_protocol, { NULL } },
		{ "ap-info", &ap_info_protocol, { NULL } },
		{ "ike", &ike_protocol, { ike_fsm() } },
		{ "ike-inside", &ike_inside_protocol, { NULL } },
		{ "isakmp", &isakmp_protocol, { isakmp_fsm(), isakmp_quick_fsm() } },
		{ "address-change", &ike_change_protocol, { NULL } },
		{ "reply-path", &ike_path_protocol, { NULL } },
	};
	static_assert(sizeof(all) <= ROWS_MAX * sizeof(all[0]), "ROWS_MAX");

	memcpy(rows, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

static void write_states(const struct row *row)
{
	printf("# State machines of %s\n\nWritten from the rows that run. \"any\" is every "
	       "state.\n",
		row->name);
	for (int i = 0; i < MACHINES_MAX && row->machines[i]; i++) {
		printf("\n## %s\n\n", row->machines[i]->name);
		fsm_write_table(row->machines[i], NULL, stdout);
		fputs("\n```mermaid\n", stdout);
		fsm_write_mermaid(row->machines[i], NULL, stdout);
		fputs("```\n", stdout);
	}
}

static int list(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		printf("%-14s %s", rows[i].name, rows[i].wire->specification);
		for (int m = 0; m < MACHINES_MAX && rows[i].machines[m]; m++)
			printf("%s%s", m ? ", " : "; states: ", rows[i].machines[m]->name);
		putchar('\n');
	}
	return 0;
}

static int view(const struct row *row, const char *name)
{
	if (strcmp(name, "fields") == 0) {
		wire_reference(row->wire, stdout);
	} else if (strcmp(name, "dictionary") == 0) {
		wire_dictionary(row->wire, stdout);
	} else if (strcmp(name, "states") != 0 && strcmp(name, "dot") != 0) {
		fprintf(stderr,
			"baton tables: there is no view %s; fields, states, dot, dictionary\n",
			name);
		return 2;
	} else if (!row->machines[0]) {
		fprintf(stderr,
			"baton tables: %s has no state machine; `baton tables` lists which have\n",
			row->name);
		return 1;
	} else if (strcmp(name, "states") == 0) {
		write_states(row);
	} else {
		for (int i = 0; i < MACHINES_MAX && row->machines[i]; i++)
			fsm_write_dot(row->machines[i], NULL, stdout);
	}
	return 0;
}

int cmd_tables(int argc, char **argv)
{
	struct row rows[ROWS_MAX];
	size_t count = rows_of(rows);

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 1)
		return list(rows, count);
	if (argc != 3) {
		fputs(usage, stderr);
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, argv[1]) == 0)
			return view(&rows[i], argv[2]);
	fprintf(stderr, "baton tables: there is no protocol %s; `baton tables` lists them\n",
		argv[1]);
	return 2;
}
