// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "ref/host/config_value.h"

static void put(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

/* --- numbers and words ------------------------------------------------------------------------ */

static bool parse_long(const char *text, const char **end, long *out)
{
	char *stop;

	if ((*text < '0' || *text > '9'))
		return false;
	errno = 0;
	*out = strtol(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

static bool in_bounds(const struct config_row *row, long n)
{
	return n >= row->min && (row->max == 0 || n <= row->max);
}

static bool take_uint(const struct config_row *row, const char *text, void *to)
{
	const char *end;
	long n;
	unsigned value;

	if (!parse_long(text, &end, &n) || *end || !in_bounds(row, n) || n > UINT_MAX)
		return false;
	value = (unsigned)n;
	put(to, &value, sizeof(value));
	return true;
}

static bool take_bool(const char *text, void *to)
{
	static const char *const words[][2] = { { "false", "true" }, { "no", "yes" },
		{ "off", "on" } };

	for (size_t i = 0; i < 3; i++)
		for (int value = 0; value < 2; value++)
			if (strcasecmp(text, words[i][value]) == 0) {
				bool b = value;
				put(to, &b, sizeof(b));
				return true;
			}
	return false;
}

static bool take_time(const struct config_row *row, const char *text, void *to)
{
	static const struct {
		const char *name;
		btime unit;
	} units[] = { { "ms", BTIME_MS }, { "s", BTIME_S }, { "min", 60 * BTIME_S },
		{ "h", 3600 * BTIME_S }, { "us", BTIME_US } };
	const char *end;
	long n;

	if (!parse_long(text, &end, &n))
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		btime value;
		if (strcmp(end, units[i].name) != 0 || n > BTIME_NEVER / units[i].unit)
			continue;
		value = n * units[i].unit;
		if (!in_bounds(row, (long)(value / BTIME_MS)))
			return false;
		put(to, &value, sizeof(value));
		return true;
	}
	if (n != 0 || *end) /* nothing needs no unit */
		return false;
	put(to, &(btime){ 0 }, sizeof(btime));
	return in_bounds(row, 0);
}

static bool take_name(const struct config_row *row, const char *text, void *to)
{
	for (const struct config_name *n = row->names; n->name; n++)
		if (strcmp(n->name, text) == 0) {
			put(to, &n->value, sizeof(n->value));
			return true;
		}
	return false;
}

/* --- text and octets -------------------------------------------------------------------------- */

static const char *copy_text(struct config *config, const char *text, size_t size)
{
	char *copy = config_alloc(config, size + 1);

	memcpy(copy, text, size);
	return copy;
}

static bool take_text(struct config *config, const struct config_row *row, const char *text,
	void *to)
{
	size_t size = strlen(text);
	const char *copy;

	if (!in_bounds(row, (long)size))
		return false;
	copy = copy_text(config, text, size);
	put(to, &copy, sizeof(copy));
	return true;
}

static bool take_path(struct config *config, const char *text, void *to)
{
	const char *file = config_path(config), *slash = strrchr(file, '/');
	size_t folder = slash && text[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	char *path = config_alloc(config, folder + strlen(text) + 1);

	if (!*text)
		return false;
	memcpy(path, file, folder);
	strcpy(path + folder, text);
	put(to, &path, sizeof(path));
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
		c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					-1;
}

static bool take_octets(struct config *config, const struct config_row *row, const char *text,
	void *to)
{
	size_t size = strlen(text) / 2;
	struct config_octets octets = { .size = size };

	if (strlen(text) % 2 || !in_bounds(row, (long)size))
		return false;
	octets.data = config_alloc(config, size);
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		octets.data[i] = (uint8_t)(high << 4 | low);
	}
	put(to, &octets, sizeof(octets));
	return true;
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool take_prefix(const char *text, bool with_length, void *to)
{
	struct prefix p;

	if (!strchr(text, '/') == with_length || prefix_parse(text, &p) < 0)
		return false;
	put(to, &p, sizeof(p));
	return true;
}

static bool take_endpoint(const struct config_row *row, const char *text, void *to)
{
	struct endpoint e;

	if (endpoint_parse(text, (uint16_t)row->port, &e) < 0)
		return false;
	put(to, &e, sizeof(e));
	return true;
}

/* --- all -------------------------------------------------------------------------------------- */

bool config_value(struct config *config, const struct config_row *row, const char *text, void *to,
	char *wanted, size_t wanted_size)
{
	bool fits = false;

	switch (row->kind) {
	case CONFIG_TEXT: fits = take_text(config, row, text, to); break;
	case CONFIG_PATH: fits = take_path(config, text, to); break;
	case CONFIG_UINT: fits = take_uint(row, text, to); break;
	case CONFIG_BOOL: fits = take_bool(text, to); break;
	case CONFIG_TIME: fits = take_time(row, text, to); break;
	case CONFIG_NAMES:
	case CONFIG_NAME: fits = take_name(row, text, to); break;
	case CONFIG_ADDRESS: fits = take_prefix(text, false, to); break;
	case CONFIG_PREFIX: fits = take_prefix(text, true, to); break;
	case CONFIG_ENDPOINT: fits = take_endpoint(row, text, to); break;
	case CONFIG_MAC: fits = mac_parse(text, to) == 0; break;
	case CONFIG_OCTETS: fits = take_octets(config, row, text, to); break;
	case CONFIG_MAP:
	case CONFIG_OPTION:
	case CONFIG_LIST: break;
	}
	if (!fits)
		config_wanted(row, wanted, wanted_size);
	return fits;
}

static const char *say_range(const struct config_row *row, const char *what, const char *unit,
	char *out, size_t size)
{
	if (!row->max && !row->min)
		snprintf(out, size, "%s", what);
	else if (!row->max)
		snprintf(out, size, "%s, at least %ld%s", what, row->min, unit);
	else if (row->min == row->max)
		snprintf(out, size, "%s of %ld%s", what, row->min, unit);
	else
		snprintf(out, size, "%s from %ld to %ld%s", what, row->min, row->max, unit);
	return out;
}

static const char *say_names(const struct config_row *row, const char *before, char *out,
	size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", before);

	for (const struct config_name *n = row->names; n->name && used < size; n++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
			n == row->names ? "" : !n[1].name ? " or " : ", ", n->name);
	return out;
}

static const char *say(const char *text, char *out, size_t size)
{
	snprintf(out, size, "%s", text);
	return out;
}

const char *config_wanted(const struct config_row *row, char *out, size_t size)
{
	switch (row->kind) {
	case CONFIG_TEXT: return say_range(row, "text", " characters", out, size);
	case CONFIG_PATH: return say("a path", out, size);
	case CONFIG_UINT: return say_range(row, "a number", "", out, size);
	case CONFIG_BOOL: return say("true or false", out, size);
	case CONFIG_TIME:
		return say_range(row, "a time with its unit (us, ms, s, min, h)", " ms", out, size);
	case CONFIG_NAME: return say_names(row, "", out, size);
	case CONFIG_NAMES: return say_names(row, "a list of: ", out, size);
	case CONFIG_ADDRESS: return say("an IP address", out, size);
	case CONFIG_PREFIX: return say("an IP address with a prefix length", out, size);
	case CONFIG_ENDPOINT:
		snprintf(out, size, "an IP address, or address:port (port %u if not given)",
			row->port);
		return out;
	case CONFIG_MAC: return say("a MAC address", out, size);
	case CONFIG_OCTETS: return say_range(row, "hexadecimal digits", " octets", out, size);
	case CONFIG_MAP:
	case CONFIG_OPTION: return say("a map of keys", out, size);
	case CONFIG_LIST: return say_range(row, "a list", " items", out, size);
	}
	return "";
}

