// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "ref/base/reader.h"
#include "testbed/interop/wiretap.h"

#define ETHERTYPE_IPV4 0x0800
#define PROTOCOL_ICMP 1
#define PROTOCOL_UDP 17
#define PROTOCOL_ESP 50
#define PAYLOAD_FRAGMENT_1 132 /* of IKEv1, by agreement of vendors: in the clear around what is encrypted */
#define LADDER_MAX 300 /* arrows of one cell */

void wiretap_init(struct wiretap *w, const uint8_t initiator[6])
{
	*w = (struct wiretap){ .arena = arena_new() };
	memcpy(w->initiator, initiator, sizeof(w->initiator));
}

void wiretap_free(struct wiretap *w)
{
	free(w->messages);
	free(w->esp);
	if (w->key_count)
		wipe(w->keys, w->key_count * sizeof(*w->keys));
	free(w->keys);
	if (w->old_key_count)
		wipe(w->old_keys, w->old_key_count * sizeof(*w->old_keys));
	free(w->old_keys);
	if (w->arena)
		arena_free(w->arena);
	*w = (struct wiretap){ 0 };
}

/* One more of an array that doubles; zeroed. */
static void *one_more(void **list, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		*room = *room ? 2 * *room : 32;
		*list = realloc(*list, *room * size);
		if (!*list)
			abort();
	}
	void *item = (char *)*list + (*count)++ * size;
	memset(item, 0, size);
	return item;
}

/* --- from frames to messages ---------------------------------------------------------------- */

/* What a frame carries in IP. */
struct datagram {
	btime at;
	unsigned frame;
	bool from_initiator;
	uint8_t source[4], protocol;
	struct view payload;
};

static struct wiretap_esp *add_esp(struct wiretap *w, const struct datagram *d, struct view octets)
{
	struct reader r = reader_of(octets);
	struct wiretap_esp *e = one_more((void **)&w->esp, &w->esp_count, &w->esp_room, sizeof(*e));

	*e = (struct wiretap_esp){ .at = d->at, .from_initiator = d->from_initiator,
		.spi = read_u32(&r) };
	memcpy(e->source, d->source, sizeof(e->source));
	return e;
}

/* Version 2: by its tables. */
static void decode(struct wiretap *w, struct wiretap_message *m)
{
	struct packet *p = arena_alloc(w->arena, sizeof(*p));
	struct reject reject = { 0 };

	if (ike_decode(m->octets, p, &reject) == 0)
		m->outer = p;
	else
		m->trouble = reject_name(reject.reason);
	const struct element_value *skf = m->outer ? packet_find(p, 0, IKE_PAYLOAD_SKF) : NULL;
	m->encrypted = m->outer && (skf || packet_find(p, 0, IKE_PAYLOAD_SK));
	if (skf) {
		struct reader r = reader_of(skf->value);
		m->fragment = read_u16(&r);
		m->fragments = read_u16(&r);
	}
}

/* The octets are copied: what is decoded from them outlives the capture. */
static void add_message(struct wiretap *w, const struct datagram *d, struct view captured)
{
	struct view octets = VIEW(memcpy(arena_alloc(w->arena, captured.size), captured.data, captured.size),
		captured.size);
	struct reader r = reader_of(octets);
	struct wiretap_message *m = one_more((void **)&w->messages, &w->count, &w->room, sizeof(*m));

	*m = (struct wiretap_message){ .at = d->at, .frame = d->frame, .octets = octets,
		.from_initiator = d->from_initiator };
	memcpy(m->source, d->source, sizeof(m->source));
	m->spi_i = read_u64(&r);
	m->spi_r = read_u64(&r);
	read_u8(&r);
	m->version = read_u8(&r) >> 4;
	m->exchange = read_u8(&r);
	uint8_t flags = read_u8(&r);
	m->id = read_u32(&r);
	if (m->version == 2) {
		m->response = flags & IKE_FLAG_RESPONSE;
		decode(w, m);
	} else if (m->version == 1) {
		wiretap_decode_old(w, m);
	}
}

/* Ports 500 and 4500: messages of IKE, at the latter behind four zero octets, else ESP (RFC 3948). */
static void read_udp(struct wiretap *w, const struct datagram *d)
{
	struct reader r = reader_of(d->payload);
	uint16_t from = read_u16(&r), to = read_u16(&r);
	size_t size = read_u16(&r);

	read_u16(&r);
	if (r.failed || size < 8 || size > d->payload.size)
		return;
	struct view octets = read_view(&r, size - 8);
	if (from == IKE_NAT_PORT || to == IKE_NAT_PORT) {
		struct reader inner = reader_of(octets);
		if (octets.size < 4)
			return; /* a keepalive of one octet */
		if (read_u32(&inner) != 0) {
			add_esp(w, d, octets)->in_udp = true;
			return;
		}
		octets = read_rest(&inner);
	} else if (from != IKE_PORT && to != IKE_PORT) {
		return;
	}
	if (octets.size >= IKE_HEADER_SIZE)
		add_message(w, d, octets);
}

static void read_echo(struct wiretap *w, const struct datagram *d)
{
	struct reader r = reader_of(d->payload);
	uint8_t type = read_u8(&r);

	w->clear += !r.failed && (type == 8 || type == 0);
}

static void read_frame(struct wiretap *w, const struct frame *f, unsigned number)
{
	struct datagram d = { .frame = number,
		.at = (btime)f->at.tv_sec * BTIME_S + f->at.tv_nsec };
	struct reader r = reader_of(f->octets);

	read_view(&r, 6);
	struct view from = read_view(&r, 6);
	if (read_u16(&r) != ETHERTYPE_IPV4)
		return;
	size_t header = (read_u8(&r) & 15u) * 4u;
	read_u8(&r);
	size_t whole = read_u16(&r);
	read_view(&r, 5);
	d.protocol = read_u8(&r);
	read_u16(&r);
	struct view source = read_view(&r, 4);
	read_u32(&r);
	if (r.failed || header < 20 || whole < header)
		return;
	read_view(&r, header - 20);
	d.payload = read_view(&r, whole - header);
	if (r.failed)
		return;
	d.from_initiator = memcmp(from.data, w->initiator, 6) == 0;
	memcpy(d.source, source.data, sizeof(d.source));
	if (d.protocol == PROTOCOL_ESP)
		add_esp(w, &d, d.payload);
	else if (d.protocol == PROTOCOL_UDP)
		read_udp(w, &d);
	else if (d.protocol == PROTOCOL_ICMP)
		read_echo(w, &d);
}

void wiretap_read(struct wiretap *w, const struct capture *c)
{
	for (; w->frames < c->count; w->frames++)
		read_frame(w, &c->frames[w->frames], (unsigned)w->frames + 1);
}

/* --- ladder --------------------------------------------------------------------------------- */

const struct packet *wiretap_contents(const struct wiretap_message *m)
{
	if (m->inside)
		return m->inside;
	return m->encrypted ? NULL : m->outer;
}

/* RFC 2408 section 3.1, RFC 2409 appendix A. */
static const struct name exchanges_of_1[] = { { 1, "Base" }, { 2, "Main mode" },
	{ 3, "Authentication only" }, { 4, "Aggressive mode" }, { 5, "Informational" },
	{ 6, "Transaction" }, { 32, "Quick mode" }, { 33, "New group mode" }, { 0, NULL } };

static const struct name exchanges_of_2[] = { { IKE_SA_INIT, "IKE_SA_INIT" }, { IKE_AUTH, "IKE_AUTH" },
	{ IKE_CREATE_CHILD_SA, "CREATE_CHILD_SA" }, { IKE_INFORMATIONAL, "INFORMATIONAL" },
	{ 0, NULL } };

/* A notification by what it says, another payload by its name. */
static const char *payload_name(unsigned version, const struct element_value *e, char out[64])
{
	struct isakmp_notification old;
	struct ike_notification n;
	const char *name = NULL;
	int type = -1;

	if (version == 2 && e->code == IKE_PAYLOAD_NOTIFY && ike_decode_notify(e, &n, NULL) == 0) {
		type = n.type;
		name = ike_name(ike_notify_names, n.type);
	} else if (version == 1 && e->code == ISAKMP_PAYLOAD_N && isakmp_decode_notify(e, &old, NULL) == 0) {
		type = old.type;
		name = ike_name(isakmp_notify_names, old.type);
	}
	if (name)
		snprintf(out, 64, "N(%s)", name);
	else if (type >= 0)
		snprintf(out, 64, "N(%d)", type);
	else if (e->element)
		snprintf(out, 64, "%s", e->element->name);
	else if (version == 1 && e->code == PAYLOAD_FRAGMENT_1)
		snprintf(out, 64, "FRAGMENT");
	else
		snprintf(out, 64, "(payload %u)", (unsigned)e->code);
	return out;
}

const char *wiretap_label(const struct wiretap_message *m, char *out, size_t size)
{
	const char *exchange = ike_name(m->version == 1 ? exchanges_of_1 : exchanges_of_2, m->exchange);
	const struct packet *contents = wiretap_contents(m);
	char name[64];
	size_t n;

	if (m->version != 1 && m->version != 2) {
		snprintf(out, size, "(no IKE that is known: version %u)", m->version);
		return out;
	}
	if (m->version == 1)
		n = (size_t)snprintf(out, size, "%s", exchange ? exchange : "?");
	else
		n = (size_t)snprintf(out, size, "%s %s id=%u", exchange ? exchange : "?",
			m->response ? "response" : "request", m->id);
	if (m->fragments && n < size)
		n += (size_t)snprintf(out + n, size - n, " fragment %u of %u", m->fragment, m->fragments);
	for (unsigned i = 0; contents && i < contents->element_count && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, " %s",
			payload_name(m->version, &contents->elements[i], name));
	if (!contents && !m->fragments && n < size)
		snprintf(out + n, size - n, m->trouble ? " (%s)" : " (not opened)", m->trouble);
	return out;
}

static struct report_pair pair(struct arena *a, const char *name, const char *value)
{
	return (struct report_pair){ arena_copy(a, name, strlen(name)),
		arena_copy(a, value, strlen(value)) };
}

/* Header, then each payload with its value. */
static void add_fields(struct wiretap *w, const struct wiretap_message *m, struct report_step *s)
{
	const struct packet *p = wiretap_contents(m);
	struct report_pair *fields = arena_alloc(w->arena, (4 + WIRE_ELEMENTS_MAX) * sizeof(*fields));
	char text[600], name[64];
	size_t n = 0;

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)m->spi_i);
	fields[n++] = pair(w->arena, m->version == 1 ? "Initiator Cookie" : "IKE SA Initiator's SPI", text);
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)m->spi_r);
	fields[n++] = pair(w->arena, m->version == 1 ? "Responder Cookie" : "IKE SA Responder's SPI", text);
	for (unsigned i = 0; p && i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		const struct field whole = { .name = "", .kind = FIELD_OCTETS, .max = UINT16_MAX };
		struct view shown = VIEW(e->value.data, e->value.size < 256 ? e->value.size : 256);
		fields[n++] = pair(w->arena, payload_name(m->version, e, name),
			field_text(&whole, shown, text, sizeof(text)));
	}
	s->fields = fields;
	s->n_fields = n;
}

const struct report_step *wiretap_ladder(struct wiretap *w, btime start, size_t *count)
{
	size_t n = w->count < LADDER_MAX ? w->count : LADDER_MAX;
	struct report_step *steps = arena_alloc(w->arena, (n + 1) * sizeof(*steps));
	char label[400];

	for (size_t i = 0; i < n; i++) {
		const struct wiretap_message *m = &w->messages[i];
		wiretap_label(m, label, sizeof(label));
		steps[i] = (struct report_step){ .t_s = (double)(m->at - start) / (double)BTIME_S,
			.from = m->from_initiator ? "initiator" : "responder",
			.to = m->from_initiator ? "responder" : "initiator",
			.label = arena_copy(w->arena, label, strlen(label)),
			.packet = m->frame };
		add_fields(w, m, &steps[i]);
	}
	*count = n;
	return steps;
}
