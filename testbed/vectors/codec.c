// SPDX-License-Identifier: Apache-2.0
/* One row a protocol. */
#include <string.h>

#include "ref/pana/pana_wire.h"
#include "testbed/vectors/codec.h"

static const struct header_member pana_header[] = {
	{"reserved", PANA_RESERVED, 1, false},
	{"length", PANA_LENGTH, 1, false},
	{"flags", PANA_FLAGS, 1, false},
	{"type", PANA_TYPE, 1, false},
	{"session", PANA_SESSION, 1, false},
	{"sequence", PANA_SEQUENCE, 1, false},
	{NULL, 0, 0, false},
};

static const struct vector_codec codecs[] = {
	{"pana", &pana_protocol, pana_header, codec_wire_parse, codec_pana_check,
		codec_wire_encode, verify_pana, NULL},
};

const struct vector_codec *vector_codec(const char *protocol)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcmp(codecs[i].protocol, protocol) == 0)
			return &codecs[i];
	return NULL;
}

const char *vector_codec_names(char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		used += (size_t)snprintf(out + used, used < size ? size - used : 0, "%s%s",
			i ? ", " : "", codecs[i].protocol);
	return out;
}
