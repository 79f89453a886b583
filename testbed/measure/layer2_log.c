// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "ref/base/reader.h"
#include "testbed/measure/layer2.h"

#define LINE_MAX_SIZE 1024

/* --- the log ---------------------------------------------------------------------------------- */

static double find(const char *path, const char *words, double from, double until, bool last)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_SIZE], *end;
	double found = NAN;

	while (file && (last || isnan(found)) && fgets(line, sizeof(line), file)) {
		double t = strtod(line, &end);
		if (end != line && *end == ':' && t >= from && t <= until && strstr(end, words))
			found = t;
	}
	if (file)
		fclose(file);
	return found;
}

double layer2_said(const char *log, const char *words, double from, double until)
{
	return find(log, words, from, until, false);
}

double layer2_said_last(const char *log, const char *words, double until)
{
	return find(log, words, 0, until, true);
}

/* --- the air ---------------------------------------------------------------------------------- */

#define TYPE_MANAGEMENT 0
#define TYPE_DATA 2
#define ASSOCIATION_REQUEST 0
#define ASSOCIATION_RESPONSE 1
#define REASSOCIATION_REQUEST 2
#define REASSOCIATION_RESPONSE 3
#define DISASSOCIATION 10
#define AUTHENTICATION 11
#define DEAUTHENTICATION 12
#define RSN_ELEMENT 48
#define QOS 8
#define PROTECTED 0x40
#define EAPOL_EAP 0
#define EAPOL_START 1
#define EAPOL_KEY 3

static unsigned little16(struct reader *r)
{
	unsigned low = read_u8(r);
	return low | (unsigned)read_u8(r) << 8;
}

struct frame {
	unsigned type, subtype;
	bool protected, to, from; /* whom it is about */
};

/* Past radiotap and the three addresses; false when `who` is neither receiver nor sender. */
static bool enter_frame(struct reader *r, const uint8_t who[6], struct frame *f)
{
	uint8_t addresses[2][6];

	read_view(r, 2);
	read_view(r, little16(r) - 4);
	unsigned control = read_u8(r), flags = read_u8(r);
	f->type = control >> 2 & 3;
	f->subtype = control >> 4;
	f->protected = flags & PROTECTED;
	read_view(r, 2);
	read_bytes(r, addresses[0], 6);
	read_bytes(r, addresses[1], 6);
	f->to = memcmp(addresses[0], who, 6) == 0;
	f->from = memcmp(addresses[1], who, 6) == 0;
	read_view(r, 8);
	return !r->failed && (f->to || f->from);
}

/* Past the LLC header of a data frame; false when it is no EAPOL in clear. */
static bool enter_eapol(struct reader *r, const struct frame *f)
{
	static const uint8_t llc[] = {0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e};

	if (f->type != TYPE_DATA || f->protected)
		return false;
	read_view(r, f->subtype & QOS ? 2 : 0);
	struct view head = read_view(r, sizeof(llc));
	return !r->failed && memcmp(head.data, llc, sizeof(llc)) == 0;
}

/* Message 1 of the handshake carries the PMKID in a key data element (IEEE 802.11-2016 §12.7.2). */
static void find_pmkid(struct view body, char out[33])
{
	static const uint8_t kde[] = {0xdd, 20, 0x00, 0x0f, 0xac, 4};
	const uint8_t *at = memmem(body.data, body.size, kde, sizeof(kde));

	if (!at || out[0] || (size_t)(body.data + body.size - at) < sizeof(kde) + 16)
		return;
	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", at[sizeof(kde) + i]);
}

/*
 * The first PMKID of the RSN element in a FILS Authentication frame (IEEE 802.11-2016 §9.3.3.12,
 * §9.4.2.25): behind version, group suite, and the lists of pairwise and AKM suites.
 */
static void find_fils_pmkid(struct reader *r, char out[33])
{
	while (!r->failed && reader_left(r) && !out[0]) {
		unsigned id = read_u8(r);
		struct reader e = reader_of(read_view(r, read_u8(r)));
		if (id != RSN_ELEMENT)
			continue;
		read_view(&e, 6);
		read_view(&e, 4 * (size_t)little16(&e));
		read_view(&e, 4 * (size_t)little16(&e));
		read_view(&e, 2);
		if (little16(&e) == 0)
			return;
		struct view pmkid = read_view(&e, 16);
		for (size_t i = 0; !e.failed && i < pmkid.size; i++)
			snprintf(out + 2 * i, 3, "%02x", pmkid.data[i]);
	}
}

/* Everything before the key exchange: who asks, how, and when the access point has said yes. */
static void take_management(
	struct reader *r, const struct frame *f, double t, struct layer2_air *air)
{
	bool asks = f->subtype == ASSOCIATION_REQUEST || f->subtype == REASSOCIATION_REQUEST;

	/* Over the distribution system, nothing goes to the access point before this. */
	if (f->to && isnan(air->began) && (asks || f->subtype == AUTHENTICATION))
		air->began = t;
	if (isnan(air->began))
		return;
	if (f->to && f->subtype == AUTHENTICATION && air->algorithm < 0) {
		air->algorithm = (int)little16(r);
		read_view(r, 4);
		if (air->algorithm == LAYER2_FILS)
			find_fils_pmkid(r, air->pmkid);
	}
	if (f->to && asks && isnan(air->asked))
		air->asked = t;
	if (f->from && (f->subtype == ASSOCIATION_RESPONSE || f->subtype == REASSOCIATION_RESPONSE))
		air->associated = air->completed = t;
}

static void take_frame(struct view data, const uint8_t bssid[6], double t, struct layer2_air *air)
{
	struct reader r = reader_of(data);
	struct frame f;

	if (!enter_frame(&r, bssid, &f))
		return;
	if (f.type == TYPE_MANAGEMENT)
		take_management(&r, &f, t, air);
	if (isnan(air->began) || !enter_eapol(&r, &f))
		return;
	if (f.from && isnan(air->answered))
		air->answered = t;
	read_u8(&r);
	unsigned type = read_u8(&r);
	read_u16(&r);
	if (r.failed)
		return;
	if (type == EAPOL_EAP || type == EAPOL_START) {
		if (!air->eap++)
			air->first_eap = t;
		air->last_eap = t;
	}
	if (type == EAPOL_KEY) {
		air->keys++;
		air->completed = t;
		find_pmkid(read_rest(&r), air->pmkid);
	}
}

static pcap_t *open_capture(const char *path, struct report_error *error)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *capture =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);

	if (capture && pcap_datalink(capture) == DLT_IEEE802_11_RADIO)
		return capture;
	snprintf(error->text, sizeof(error->text), "%s: %s", path,
		capture ? "not a capture of 802.11 with radiotap" : why);
	if (capture)
		pcap_close(capture);
	return NULL;
}

static double time_of(const struct pcap_pkthdr *header)
{
	return (double)header->ts.tv_sec + (double)header->ts.tv_usec / 1e9;
}

int layer2_air(const char *path, const uint8_t bssid[6], double from, double until,
	struct layer2_air *air, struct report_error *error)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *capture = open_capture(path, error);

	*air = (struct layer2_air){.began = NAN,
		.asked = NAN,
		.associated = NAN,
		.answered = NAN,
		.first_eap = NAN,
		.last_eap = NAN,
		.completed = NAN,
		.algorithm = -1};
	if (!capture)
		return -1;
	while (pcap_next_ex(capture, &header, &data) == 1)
		if (time_of(header) >= from && time_of(header) <= until)
			take_frame(VIEW(data, header->caplen), bssid, time_of(header), air);
	pcap_close(capture);
	return 0;
}

double layer2_left(const char *path, const uint8_t station[6], double from, double until)
{
	struct report_error error;
	struct pcap_pkthdr *header;
	const u_char *data;
	double left = NAN;
	pcap_t *capture = open_capture(path, &error);

	while (capture && isnan(left) && pcap_next_ex(capture, &header, &data) == 1) {
		struct reader r = reader_of(VIEW(data, header->caplen));
		struct frame f;
		double t = time_of(header);
		if (t >= from && t <= until && enter_frame(&r, station, &f) && f.from &&
			f.type == TYPE_MANAGEMENT &&
			(f.subtype == DEAUTHENTICATION || f.subtype == DISASSOCIATION))
			left = t;
	}
	if (capture)
		pcap_close(capture);
	return left;
}
