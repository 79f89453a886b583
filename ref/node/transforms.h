// SPDX-License-Identifier: Apache-2.0
/*
 * ESP transforms of proactive handover tunnels: what configurations call them, what PANA says
 * (docs/pana.md, MPA AVPs), and what the kernel does.
 */
#ifndef BATON_NODE_TRANSFORMS_H
#define BATON_NODE_TRANSFORMS_H

#include "ref/host/config.h"
#include "ref/host/ipsec.h"
#include "ref/host/kernel.h"
#include "ref/host/log.h"
#include "ref/pana/pana_mpa.h"

#define SPI_MIN 0x100 /* RFC 4303 §2.1: 1 to 255 are reserved */

struct transform {
	enum mpa_transform transform;
	enum esp_suite suite;
	const char *name;
};

/* For settings of kind CONFIG_NAMES. */
extern const struct config_name transform_names[];

/* The bits of a setting, or-ed; of an empty one those that need no wish: with encryption. */
uint32_t transforms_of(const struct config_numbers *setting);

/* The transform of one bit; the last of the list for any other number. */
const struct transform *transform_of(uint32_t bit);

/* The name of the transform that the kernel does so; "other" when it is none of these. */
const char *transform_name(enum esp_suite suite);

/* Has the kernel load what the transforms in `mask` need; warns of those that it cannot do. */
void transforms_prepare(struct kernel *kernel, struct log *log, uint32_t mask);

#endif
