// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/ar/nearby.h"
#include "ref/node/neighbour_settings.h"

struct nearby {
	unsigned count;
	struct element_value avps[MPA_NEIGHBOURS_MAX];
	uint8_t values[MPA_NEIGHBOURS_MAX][MPA_VALUE_MAX];
};

struct nearby *nearby_new(const struct config_list *list)
{
	const struct neighbour_settings *items = list->items;
	struct nearby *n;

	if (!list->count)
		return NULL;
	n = host_alloc(sizeof(*n));
	for (size_t i = 0; i < list->count && i < MPA_NEIGHBOURS_MAX; i++) {
		struct mpa_neighbour m = neighbour_settings_avp(&items[i]);
		n->avps[n->count] = mpa_encode_neighbour(&m, n->values[n->count]);
		n->count++;
	}
	return n;
}

void nearby_free(struct nearby *nearby)
{
	free(nearby);
}

void nearby_apply(const struct nearby *nearby, struct paa_config *config)
{
	if (!nearby)
		return;
	config->result_avps = nearby->avps;
	config->result_avp_count = nearby->count;
}
