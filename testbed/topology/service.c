// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/keeper_private.h"

int keeper_start_services(struct keeper *k)
{
	for (size_t i = 0; i < k->t->n_nodes; i++)
		if (k->t->nodes[i].n_services || k->t->n_radios) {
			diagnostics_add(&k->findings, k->t->path, k->t->nodes[i].line,
				"services cannot be started");
			return -1;
		}
	return 0;
}

void keeper_check_services(struct keeper *k)
{
	(void)k;
}

int keeper_raise_radios(struct keeper *k)
{
	(void)k;
	return -1;
}
