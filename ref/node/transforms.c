// SPDX-License-Identifier: Apache-2.0
#include "ref/node/transforms.h"

#define TRANSFORMS(X)                                                                              \
	X(MPA_AES_GCM, ESP_AES_GCM_16_256, "aes-gcm")                                              \
	X(MPA_AES_CBC_SHA256, ESP_AES_CBC_128_SHA256, "aes-cbc-sha256")                            \
	X(MPA_NULL_SHA256, ESP_NULL_SHA256, "null-sha256")

static const struct transform transforms[] = {
#define X(transform, suite, name) { transform, suite, name },
	TRANSFORMS(X)
#undef X
};
#define COUNT (sizeof(transforms) / sizeof(transforms[0]))

const struct config_name transform_names[] = {
#define X(transform, suite, name) { transform, name },
	TRANSFORMS(X)
#undef X
	{ 0, NULL },
};

uint32_t transforms_of(const struct config_numbers *setting)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < setting->count; i++)
		mask |= (uint32_t)setting->items[i];
	return mask ? mask : MPA_AES_GCM | MPA_AES_CBC_SHA256;
}

const struct transform *transform_of(uint32_t bit)
{
	size_t i = 0;

	while (i < COUNT - 1 && transforms[i].transform != bit)
		i++;
	return &transforms[i];
}

const char *transform_name(enum esp_suite suite)
{
	for (size_t i = 0; i < COUNT; i++)
		if (transforms[i].suite == suite)
			return transforms[i].name;
	return "other";
}

void transforms_prepare(struct kernel *kernel, struct log *log, uint32_t mask)
{
	for (size_t i = 0; i < COUNT; i++)
		if ((mask & transforms[i].transform) &&
			ipsec_prepare(kernel, transforms[i].suite) < 0)
			log_warning(log, "no tunnels with %s: %s", transforms[i].name,
				kernel_error(kernel));
}
