// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "testbed/load/cmd.h"

static const struct {
	const char *protocol;
	int (*run)(int argc, char **argv);
} protocols[] = {
	{ "pana", load_pana_cmd },
	{ "ike", load_ike_cmd },
};

int cmd_load(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : "no protocol";

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(given, protocols[i].protocol) == 0)
			return protocols[i].run(argc - 1, argv + 1);
	fprintf(stderr, "baton load: %s: the protocol is pana or ike; `baton load ike --help` shows "
			"its options\n",
		given);
	return 2;
}
