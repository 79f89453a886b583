// SPDX-License-Identifier: Apache-2.0
/* The command `baton`: one row a subcommand. */
#include <stdio.h>
#include <string.h>

#include "testbed/creds/cmd.h"
#include "testbed/ctl/cmd.h"
#include "testbed/dot1x/cmd.h"
#include "testbed/eapol/cmd.h"
#include "testbed/guest/cmd.h"
#include "testbed/interop/cmd.h"
#include "testbed/load/cmd.h"
#include "testbed/measure/cmd.h"
#include "testbed/measure/traffic.h"
#include "testbed/report/cmd.h"
#include "testbed/suite/cmd.h"
#include "testbed/tables/cmd.h"
#include "testbed/topology/cmd.h"
#include "testbed/vectors/cmd.h"

struct command {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *usage, *summary;
};

static const struct command commands[] = {
	{ "run", cmd_run, "SUITE [--sut NAME]", "judge an implementation with a conformance suite" },
	{ "interop", cmd_interop, "[MATRIX] [--sut A,B]", "implementations against each other, pair by pair" },
	{ "measure", cmd_measure, "EXPERIMENT", "hand over, and compare with documented figures" },
	{ "vectors", cmd_vectors, "check|replay|list ...", "packet vectors through a decoder, or at a target" },
	{ "report", cmd_report, "DIR [--format F]", "terminal, HTML, JUnit, KTAP and other views of a result" },
	{ "tables", cmd_tables, "[PROTOCOL VIEW]", "fields and states of a protocol, words for fuzzers" },
	{ "topo", cmd_topo, "up|down|show|check ...", "raise a network of namespaces and radios" },
	{ "shell", cmd_shell, "NODE", "a shell on a node of the network that is up" },
	{ "ctl", cmd_ctl, "NODE COMMAND", "talk to a running node" },
	{ "traffic", cmd_traffic, "send|receive|serve|call ...", "datagrams and streams to measure" },
	{ "creds", cmd_creds, "DIR", "test certificates" },
	{ "eapol", cmd_eapol, "peer|server INTERFACE", "one EAP conversation on a wired interface" },
	{ "dot1x", cmd_dot1x, "--server ADDRESS ...", "a station that authenticates by 802.1X over IP" },
	{ "load", cmd_load, "pana|ike ...", "many clients at one agent or IKE responder: how fast it is" },
	{ "guest", cmd_guest, "-- COMMAND", "run a command in the stock kernel under QEMU" },
	{ "doctor", cmd_doctor, "", "what this machine can do, and what to install" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *to)
{
	fputs("baton: a testbed and reference implementation for seamless IP mobility\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  baton %-8s%-26s%s\n", commands[i].name, commands[i].usage,
			commands[i].summary);
	fputs("\n`baton COMMAND --help` says more; the manual is in docs/.\n", to);
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
		strcmp(argv[1], "-h") == 0)
		return help(stdout);
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
		puts("baton " BATON_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].function(argc - 1, argv + 1);
	fprintf(stderr, "baton: there is no command %s; `baton help` lists them\n", argv[1]);
	return 2;
}
