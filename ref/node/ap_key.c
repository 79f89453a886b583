// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/base/reader.h"
#include "ref/base/writer.h"
#include "ref/node/ap_key.h"

#define SECTION "docs/aaa.md, installing keys"
#define MAGIC 0x4241504bu /* "BAPK" */
#define VERSION 1
#define HEADER_SIZE 16
#define TAG_SIZE 16
#define INSTALL_SIZE (6 + 2 + 4 + PMK_SIZE)

const struct config_name ap_key_managements[] = {
	{ 1 << 0, "WPA-EAP" },
	{ 1 << 5, "FT-EAP" },
	{ 1 << 18, "FILS-SHA256" },
	{ 0, NULL },
};

void ap_key_channel(struct ap_key_channel *channel, struct view secret, const uint8_t bssid[6])
{
	uint8_t seed[64], keys[2 * (16 + 32)];
	struct writer w = writer_of(seed, sizeof(seed));
	struct reader r = reader_of(VIEW_OF(keys));

	write_view(&w, view_text("Baton AP key installation"));
	write_bytes(&w, bssid, 6);
	prf_plus(DIGEST_SHA256, secret, writer_view(&w), keys, sizeof(keys));
	for (int i = 0; i < 2; i++) {
		read_bytes(&r, channel->encryption[i], sizeof(channel->encryption[i]));
		read_bytes(&r, channel->integrity[i], sizeof(channel->integrity[i]));
	}
	wipe(keys, sizeof(keys));
}

/* 0 towards the access point. */
static int direction_of(enum ap_key_type type)
{
	return type == AP_KEY_INSTALL ? 0 : 1;
}

static void crypt(const struct ap_key_channel *channel, const struct ap_key_message *m,
	struct view in, uint8_t *out)
{
	uint8_t counter[16];
	struct writer w = writer_of(counter, sizeof(counter));

	/* Every message has a block of counters of its own: its number, and 2^32 blocks. */
	write_u64(&w, m->sequence);
	write_zero(&w, 8);
	aes128_ctr(channel->encryption[direction_of(m->type)], counter, in, out);
}

static void tag_of(const struct ap_key_channel *channel, enum ap_key_type type,
	struct view message, uint8_t out[DIGEST_MAX])
{
	hmac_parts(DIGEST_SHA256, VIEW_OF(channel->integrity[direction_of(type)]), &message, 1, out);
}

size_t ap_key_seal(const struct ap_key_channel *channel, const struct ap_key_message *m,
	uint8_t *out)
{
	uint8_t plain[INSTALL_SIZE], tag[DIGEST_MAX];
	struct writer p = writer_of(plain, sizeof(plain));
	struct writer w = writer_of(out, AP_KEY_MESSAGE_MAX);

	if (m->type == AP_KEY_INSTALL) {
		write_bytes(&p, m->station, 6);
		write_zero(&p, 2);
		write_u32(&p, m->lifetime);
		write_bytes(&p, m->pmk, PMK_SIZE);
	}
	write_u32(&w, MAGIC);
	write_u8(&w, VERSION);
	write_u8(&w, (uint8_t)m->type);
	write_zero(&w, 2);
	write_u64(&w, m->sequence);
	uint8_t *room = write_room(&w, p.used);
	crypt(channel, m, writer_view(&p), room);
	tag_of(channel, m->type, writer_view(&w), tag);
	write_bytes(&w, tag, TAG_SIZE);
	wipe(plain, sizeof(plain));
	return w.used;
}

static int check_header(struct reader *r, size_t size, struct ap_key_message *m,
	struct reject *reject)
{
	uint32_t magic = read_u32(r), version = read_u8(r), type = read_u8(r);

	read_u16(r);
	m->sequence = read_u64(r);
	if (r->failed || size < HEADER_SIZE + TAG_SIZE)
		return reject_set(reject, REJECT_LENGTH, "datagram", SECTION, 0, size);
	if (magic != MAGIC || version != VERSION)
		return reject_set(reject, REJECT_VERSION, "Version", SECTION, 0, version);
	if (type < AP_KEY_INSTALL || type > AP_KEY_REFUSED)
		return reject_set(reject, REJECT_TYPE, "Type", SECTION, 5, type);
	m->type = (enum ap_key_type)type;
	if (size != HEADER_SIZE + TAG_SIZE + (type == AP_KEY_INSTALL ? INSTALL_SIZE : 0))
		return reject_set(reject, REJECT_LENGTH, "datagram", SECTION, 0, size);
	return 0;
}

int ap_key_open(const struct ap_key_channel *channel, struct view datagram,
	struct ap_key_message *message, struct reject *reject)
{
	struct ap_key_message m = { 0 };
	struct reader r = reader_of(datagram);
	uint8_t tag[DIGEST_MAX], plain[INSTALL_SIZE];

	if (check_header(&r, datagram.size, &m, reject) < 0)
		return -1;
	struct view sealed = read_view(&r, datagram.size - HEADER_SIZE - TAG_SIZE);
	tag_of(channel, m.type, VIEW(datagram.data, datagram.size - TAG_SIZE), tag);
	if (!ct_equal(read_rest(&r), VIEW(tag, TAG_SIZE)))
		return reject_set(reject, REJECT_INTEGRITY, "Tag", SECTION,
			(unsigned)(datagram.size - TAG_SIZE), 0);
	if (m.type == AP_KEY_INSTALL) {
		crypt(channel, &m, sealed, plain);
		struct reader p = reader_of(VIEW_OF(plain));
		read_bytes(&p, m.station, 6);
		read_u16(&p);
		m.lifetime = read_u32(&p);
		read_bytes(&p, m.pmk, PMK_SIZE);
		wipe(plain, sizeof(plain));
	}
	*message = m;
	return 0;
}

enum ap_key_order ap_key_take(struct ap_key_window *w, uint64_t sequence)
{
	uint64_t behind, bit;

	if (sequence > w->top) {
		uint64_t step = sequence - w->top;
		w->seen = step < 64 ? w->seen << step | 1 : 1;
		w->top = sequence;
		return AP_KEY_NEW;
	}
	behind = w->top - sequence;
	if (behind >= 64)
		return AP_KEY_OLD;
	bit = (uint64_t)1 << behind;
	if (w->seen & bit)
		return AP_KEY_AGAIN;
	w->seen |= bit;
	return AP_KEY_NEW;
}

void pmkid_of(const uint8_t pmk[PMK_SIZE], const uint8_t bssid[6], const uint8_t station[6],
	uint8_t out[PMKID_SIZE])
{
	uint8_t full[DIGEST_MAX];
	const struct view parts[] = { view_text("PMK Name"), VIEW(bssid, 6), VIEW(station, 6) };

	hmac_parts(DIGEST_SHA1, VIEW(pmk, PMK_SIZE), parts, 3, full);
	memcpy(out, full, PMKID_SIZE);
}

const char *hex_text(const uint8_t *data, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}
