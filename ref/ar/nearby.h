// SPDX-License-Identifier: Apache-2.0
/* The access points that the agent tells authenticated clients of (docs/finding-access-points.md). */
#ifndef BATON_AR_NEARBY_H
#define BATON_AR_NEARBY_H

#include "ref/ar/settings.h"
#include "ref/pana/paa.h"

struct nearby;

/* The list as AVPs; NULL when it is empty. */
struct nearby *nearby_new(const struct config_list *list);

/* Both accept NULL. `nearby` must outlive the paa that is made with the configuration. */
void nearby_free(struct nearby *nearby);
void nearby_apply(const struct nearby *nearby, struct paa_config *config);

#endif
