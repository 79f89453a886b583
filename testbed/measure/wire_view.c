// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <pcap/pcap.h>

#include "testbed/measure/wire_view.h"

#define IKE_PORT 500
#define NAT_PORT 4500
#define GCM_IV 8   /* RFC 4106 §3.1 */
#define GCM_SALT 4 /* RFC 4106 §4 */
#define GCM_ICV 16
#define DEPTH_MAX 4 /* headers inside headers */

/* --- keys ------------------------------------------------------------------------------------- */

static unsigned hex_octets(const char *text, uint8_t *out, unsigned max)
{
	unsigned n = 0, octet;

	while (n < max && isxdigit((unsigned char)text[2 * n]) &&
		isxdigit((unsigned char)text[2 * n + 1]) && sscanf(text + 2 * n, "%2x", &octet) == 1)
		out[n++] = (uint8_t)octet;
	return n;
}

static bool known(const struct esp_keys *keys, uint32_t spi)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->list[i].spi == spi)
			return true;
	return false;
}

unsigned esp_keys_read(struct esp_keys *keys, const char *said)
{
	unsigned before = keys->count;
	struct esp_key key;

	while ((said = strstr(said, "proto esp spi 0x")) && keys->count < ESP_KEYS_MAX) {
		key = (struct esp_key){ .spi = (uint32_t)strtoul(said + 14, NULL, 16) };
		const char *end = strstr(said + 1, "proto esp spi 0x");
		const char *aead = strstr(said, "aead rfc4106(gcm(aes)) 0x");
		said++;
		if (!aead || (end && aead > end) || known(keys, key.spi))
			continue;
		key.size = hex_octets(aead + 25, key.key, sizeof(key.key));
		if (key.size == 16 + GCM_SALT || key.size == 24 + GCM_SALT ||
			key.size == 32 + GCM_SALT)
			keys->list[keys->count++] = key;
	}
	return keys->count - before;
}

/* --- ESP -------------------------------------------------------------------------------------- */

static bool gcm_open(const struct esp_key *k, struct view header, struct view iv, struct view in,
	struct view icv, uint8_t *out)
{
	unsigned size = k->size - GCM_SALT;
	const EVP_CIPHER *cipher = size == 16 ? EVP_aes_128_gcm()
		: size == 24		      ? EVP_aes_192_gcm()
					      : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[GCM_SALT + GCM_IV];
	int n;

	memcpy(nonce, k->key + size, GCM_SALT);
	memcpy(nonce + GCM_SALT, iv.data, GCM_IV);
	bool good = c && EVP_DecryptInit_ex(c, cipher, NULL, k->key, nonce) == 1 &&
		EVP_DecryptUpdate(c, NULL, &n, header.data, (int)header.size) == 1 &&
		EVP_DecryptUpdate(c, out, &n, in.data, (int)in.size) == 1 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, GCM_ICV, (void *)icv.data) == 1 &&
		EVP_DecryptFinal_ex(c, out + n, &n) == 1;
	EVP_CIPHER_CTX_free(c);
	return good;
}

/* RFC 4303 §2: the payload without its trailer, in `room`; the protocol in it. */
static bool open_esp(struct view packet, const struct esp_keys *keys, uint8_t *room, size_t size,
	struct view *payload, uint8_t *protocol)
{
	struct reader r = reader_of(packet);
	uint32_t spi = read_u32(&r);
	unsigned i = 0;

	while (i < keys->count && keys->list[i].spi != spi)
		i++;
	if (i == keys->count || packet.size < 8 + GCM_IV + 2 + GCM_ICV || packet.size > size)
		return false;
	read_u32(&r);
	struct view iv = read_view(&r, GCM_IV);
	struct view in = read_view(&r, reader_left(&r) - GCM_ICV);
	if (!gcm_open(&keys->list[i], VIEW(packet.data, 8), iv, in, read_rest(&r), room))
		return false;
	unsigned pad = room[in.size - 2];
	*protocol = room[in.size - 1];
	if (pad + 2 > in.size)
		return false;
	*payload = VIEW(room, in.size - 2 - pad);
	return true;
}

/* --- TCP -------------------------------------------------------------------------------------- */

static bool read_tcp(struct reader *r, uint16_t port, struct segment *s)
{
	uint16_t from = read_u16(r), to = read_u16(r);

	read_view(r, 8);
	size_t header = (size_t)(read_u8(r) >> 4) * 4;
	if (header < 20)
		return false;
	read_view(r, header - 13);
	s->up = to == port;
	s->port = s->up ? from : to;
	s->payload = (unsigned)reader_left(r);
	return !r->failed && (from == port || to == port);
}

struct opening {
	const struct esp_keys *keys;
	struct wire *wire;
	uint16_t port;
	uint8_t room[DEPTH_MAX][2048];
};

static bool enter(struct opening *o, struct reader r, uint8_t protocol, struct segment *s,
	unsigned depth)
{
	uint8_t ignored[4];
	struct view inner;

	if (r.failed || depth == DEPTH_MAX)
		return false;
	if (protocol == IPPROTO_TCP)
		return read_tcp(&r, o->port, s);
	if (protocol == IPPROTO_IPIP) {
		r = packets_enter_ipv4(&r, &protocol, ignored);
		return enter(o, r, protocol, s, depth + 1);
	}
	if (protocol == IPPROTO_ESP) {
		if (!open_esp(read_rest(&r), o->keys, o->room[depth], sizeof(o->room[depth]),
			    &inner, &protocol)) {
			o->wire->unopened++;
			return false;
		}
		return enter(o, reader_of(inner), protocol, s, depth + 1);
	}
	if (protocol != IPPROTO_UDP)
		return false;
	uint16_t from = read_u16(&r), to = read_u16(&r);
	read_view(&r, 4);
	struct reader marker = r;
	bool esp = (from == NAT_PORT || to == NAT_PORT) && read_u32(&marker) != 0 && !marker.failed;
	if (esp)
		return enter(o, r, IPPROTO_ESP, s, depth + 1);
	o->wire->control += from == IKE_PORT || to == IKE_PORT || from == NAT_PORT || to == NAT_PORT;
	return false;
}

bool wire_find(int linktype, struct view frame, const struct esp_keys *keys, uint16_t port,
	struct wire *wire, struct segment *s)
{
	struct opening o = { .keys = keys, .wire = wire, .port = port };
	struct reader r = reader_of(frame);
	uint8_t destination[4], first[8];

	if (!packets_skip_link(linktype, &r))
		return false;
	struct reader header = r;
	read_bytes(&header, first, sizeof(first));
	s->wire = (unsigned)(first[2] << 8 | first[3]);
	wire->fragments += ((first[6] & 0x3f) | first[7]) != 0;
	r = packets_enter_ipv4(&r, &s->outer, destination);
	return enter(&o, r, s->outer, s, 0);
}

/* --- a file ----------------------------------------------------------------------------------- */

static void add(struct wire *wire, const struct segment *s)
{
	if ((wire->count & (wire->count - 1)) == 0) {
		size_t room = wire->count ? 2 * wire->count : 1;
		wire->list = realloc(wire->list, room * sizeof(*wire->list));
		if (!wire->list)
			abort();
	}
	wire->list[wire->count++] = *s;
}

int wire_read(const char *path, const struct esp_keys *keys, uint16_t port, struct wire *wire,
	struct report_error *error)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	int more;
	pcap_t *capture = pcap_open_offline_with_tstamp_precision(path,
		PCAP_TSTAMP_PRECISION_NANO, why);

	*wire = (struct wire){ 0 };
	if (!capture) {
		snprintf(error->text, sizeof(error->text), "%s: %s", path, why);
		return -1;
	}
	while ((more = pcap_next_ex(capture, &header, &data)) == 1) {
		struct segment s = { .t = (double)header->ts.tv_sec +
				(double)header->ts.tv_usec / 1e9 };
		if (wire_find(pcap_datalink(capture), VIEW(data, header->caplen), keys, port, wire,
			    &s))
			add(wire, &s);
		else
			wire->others++;
	}
	pcap_close(capture);
	if (more != PCAP_ERROR)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s is cut short: its writer was killed", path);
	wire_free(wire);
	return -1;
}

void wire_free(struct wire *wire)
{
	free(wire->list);
	*wire = (struct wire){ 0 };
}
