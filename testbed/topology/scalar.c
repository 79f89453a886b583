// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/scalar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/topology/topology.h"

#define NAME_MAX_LENGTH 32
#define INTERFACE_MAX_LENGTH 15 /* IFNAMSIZ - 1 */

static bool read_text(const char *text, void *out)
{
	*(const char **)out = text;
	return true;
}

static bool is_name(const char *text, size_t length)
{
	if (length == 0 || length > NAME_MAX_LENGTH || !islower((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		if (!islower(c) && !isdigit(c) && c != '-')
			return false;
	}
	return true;
}

static bool is_interface(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > INTERFACE_MAX_LENGTH || !isalpha((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		if (!isalnum(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return strcmp(text, "lo") && strcmp(text, "all") && strcmp(text, "default");
}

static bool read_name(const char *text, void *out)
{
	return is_name(text, strlen(text)) && read_text(text, out);
}

static bool read_interface(const char *text, void *out)
{
	return is_interface(text) && read_text(text, out);
}

static bool read_end(const char *text, void *out)
{
	const char *colon = strchr(text, ':');

	return colon && is_name(text, colon - text) && is_interface(colon + 1) &&
		read_text(text, out);
}

static bool read_number(const char *text, void *out)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end || errno || value > UINT32_MAX)
		return false;
	*(unsigned *)out = value;
	return true;
}

static bool read_bool(const char *text, void *out)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "yes");

	*(bool *)out = yes;
	return yes || !strcmp(text, "false") || !strcmp(text, "no");
}

static bool read_address(const char *text, void *out)
{
	struct topology_address *a = out;

	*a = (struct topology_address){ .family = AF_INET, .prefix = 32 };
	if (inet_pton(AF_INET, text, a->bytes) == 1)
		return true;
	*a = (struct topology_address){ .family = AF_INET6, .prefix = 128 };
	return inet_pton(AF_INET6, text, a->bytes) == 1;
}

static bool host_bits_clear(const struct topology_address *a)
{
	unsigned bits = a->family == AF_INET ? 32 : 128;

	for (unsigned i = a->prefix; i < bits; i++)
		if (a->bytes[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

static bool read_prefix(const char *text, void *out)
{
	struct topology_address *a = out;
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	unsigned prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!read_address(address, a) || !read_number(slash + 1, &prefix) || prefix > a->prefix)
		return false;
	a->prefix = prefix;
	return host_bits_clear(a);
}

static bool read_destination(const char *text, void *out)
{
	if (strcmp(text, "default"))
		return read_prefix(text, out);
	*(struct topology_address *)out = (struct topology_address){ 0 };
	return true;
}

static bool read_range(const char *text, void *out)
{
	struct topology_address *a = out;
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];
	int used = 0;

	if (sscanf(text, "%45[0-9a-fA-F:.] - %45[0-9a-fA-F:.]%n", first, last, &used) != 2 ||
		text[used])
		return false;
	return read_address(first, &a[0]) && read_address(last, &a[1]) &&
		a[0].family == a[1].family && memcmp(a[0].bytes, a[1].bytes, 16) <= 0;
}

static bool read_mac(const char *text, void *out)
{
	struct topology_mac *m = out;
	int used = 0;

	if (strlen(text) != 17 ||
		sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m->bytes[0], &m->bytes[1],
			&m->bytes[2], &m->bytes[3], &m->bytes[4], &m->bytes[5], &used) != 6)
		return false;
	m->given = true;
	/* One station's address: neither the group bit nor all zero. */
	return used == 17 && !(m->bytes[0] & 1) && memcmp(m->bytes, "\0\0\0\0\0\0", 6);
}

struct unit {
	const char *name;
	double factor;
};

/* A number and one of the units; the result is rounded to a whole number up to max. */
static bool read_quantity(const char *text, const struct unit *units, double max, uint64_t *out)
{
	char *end;
	double number;

	if (!isdigit((unsigned char)text[0]) || strspn(text, "0123456789.") == strlen(text))
		return false;
	number = strtod(text, &end);
	if (end != text + strspn(text, "0123456789."))
		return false;
	while (*end == ' ')
		end++;
	for (; units->name; units++) {
		if (strcmp(end, units->name))
			continue;
		if (number * units->factor > max)
			return false;
		*out = (uint64_t)(number * units->factor + 0.5);
		return true;
	}
	return false;
}

static bool read_duration(const char *text, void *out)
{
	static const struct unit units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 },
		{ "s", 1e9 }, { 0 } };

	return read_quantity(text, units, 60e9, out);
}

static bool read_seconds(const char *text, void *out)
{
	static const struct unit units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
		{ 0 } };
	uint64_t seconds;

	if (!read_quantity(text, units, 365 * 86400.0, &seconds) || seconds == 0)
		return false;
	*(uint32_t *)out = seconds;
	return true;
}

static bool read_percent(const char *text, void *out)
{
	static const struct unit units[] = { { "%", 1e4 }, { 0 } };
	uint64_t ppm;

	if (!read_quantity(text, units, 1e6, &ppm))
		return false;
	*(uint32_t *)out = ppm;
	return true;
}

static bool read_rate(const char *text, void *out)
{
	static const struct unit units[] = { { "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 },
		{ "gbit", 1e9 }, { 0 } };

	return read_quantity(text, units, 100e9, out) && *(uint64_t *)out > 0;
}

/* IEEE 802.11 Annex M.4: ASCII characters 32 to 126. */
static bool read_passphrase(const char *text, void *out)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] < 32 || text[i] > 126)
			return false;
	return length >= 8 && length <= 63 && read_text(text, out);
}

static bool read_psk(const char *text, void *out)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64 &&
		read_text(text, out);
}

/* Signs that mean nothing to a shell, to hostapd or to FreeRADIUS. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

static bool read_plain(const char *text, size_t max, const char *more, void *out)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!strchr(PLAIN, text[i]) && !strchr(more, text[i]))
			return false;
	return length >= 1 && length <= max && read_text(text, out);
}

static bool read_secret(const char *text, void *out)
{
	return read_plain(text, 64, "+,:/", out);
}

static bool read_realm(const char *text, void *out)
{
	return read_plain(text, 128, "", out);
}

static bool read_identity(const char *text, void *out)
{
	const char *at = strchr(text, '@');

	return at && at > text && at[1] && !strchr(at + 1, '@') && read_plain(text, 200, "+@", out);
}

const struct scalar_type_row scalar_types[SCALAR_TYPES] = {
	[SCALAR_TEXT] = { "text", "a text", sizeof(char *), read_text },
	[SCALAR_NAME] = { "name", "a small letter, then up to 31 small letters, digits and '-'",
		sizeof(char *), read_name },
	[SCALAR_END] = { "end", "a node and its interface, such as mn:eth0", sizeof(char *),
		read_end },
	[SCALAR_INTERFACE] = { "interface",
		"an interface name of up to 15 letters, digits, '-', '_' and '.', such as eth0",
		sizeof(char *), read_interface },
	[SCALAR_NUMBER] = { "number", "a whole number", sizeof(unsigned), read_number },
	[SCALAR_BOOL] = { "yes/no", "true or false", sizeof(bool), read_bool },
	[SCALAR_ADDRESS] = { "address",
		"an address without a prefix length, such as 192.0.2.1 or 2001:db8::1",
		sizeof(struct topology_address), read_address },
	[SCALAR_PREFIX] = { "prefix",
		"a prefix with no bits set beyond its length, such as 192.0.2.0/24 or "
		"2001:db8::/64",
		sizeof(struct topology_address), read_prefix },
	[SCALAR_DESTINATION] = { "destination",
		"default, or a prefix such as 192.0.2.0/24 or 2001:db8::/64",
		sizeof(struct topology_address), read_destination },
	[SCALAR_RANGE] = { "range",
		"two addresses, the lower first, such as 10.1.0.100 - 10.1.0.199",
		2 * sizeof(struct topology_address), read_range },
	[SCALAR_MAC] = { "mac", "the hardware address of one interface, such as 02:00:00:00:01:00",
		sizeof(struct topology_mac), read_mac },
	[SCALAR_DURATION] = { "duration", "a number with its unit up to 60s, such as 10ms or 200us",
		sizeof(uint64_t), read_duration },
	[SCALAR_SECONDS] = { "long duration", "a number with its unit, such as 90s, 10m or 1h",
		sizeof(uint32_t), read_seconds },
	[SCALAR_PERCENT] = { "percentage", "a percentage from 0% to 100%, such as 0.5%",
		sizeof(uint32_t), read_percent },
	[SCALAR_RATE] = { "rate", "a rate with its unit up to 100gbit, such as 500kbit or 10mbit",
		sizeof(uint64_t), read_rate },
	[SCALAR_PASSPHRASE] = { "passphrase", "8 to 63 printable ASCII characters", sizeof(char *),
		read_passphrase },
	[SCALAR_PSK] = { "psk", "64 hexadecimal digits", sizeof(char *), read_psk },
	[SCALAR_SECRET] = { "secret", "1 to 64 letters, digits and signs of .-_+,:/",
		sizeof(char *), read_secret },
	[SCALAR_REALM] = { "realm", "letters, digits and signs of .-_, such as home.example",
		sizeof(char *), read_realm },
	[SCALAR_IDENTITY] = { "identity", "user@realm, of letters, digits and signs of .-_+",
		sizeof(char *), read_identity },
};
