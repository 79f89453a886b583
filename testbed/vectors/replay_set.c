// SPDX-License-Identifier: Apache-2.0
/* The captures beside the JSON, packet by packet, and the table of what came back. */
#include <fnmatch.h>
#include <pcap.h>
#include <string.h>

#include "testbed/vectors/replay.h"

struct run {
	struct tap *tap;
	const struct replay_options *options;
	struct replay_summary *summary;
	FILE *out;
	char *error;
	size_t size;
};

static void tell(const struct run *run, const struct vector *v, const struct replay_result *r)
{
	static const char *const words[] = {"pass", "FAIL", "inconclusive", "skipped"};
	bool worth = r->verdict == REPLAY_FAIL || r->verdict == REPLAY_INCONCLUSIVE;

	if (!worth && !run->options->verbose)
		return;
	fprintf(run->out, "%-12s  %-40s  %-8s  %s%s%s\n", words[r->verdict], v->id,
		*r->observed ? r->observed : "-", worth ? v->comment : "", worth ? ": " : "",
		r->why);
	fflush(run->out);
}

/* 0, or -1 when there is nobody left to replay at. */
static int replay_vector(const struct run *run, const struct vector *v, struct view octets)
{
	if (run->options->pattern && fnmatch(run->options->pattern, v->id, 0) != 0)
		return 0;
	struct replay_result r = replay_one(run->tap, run->options, v, octets);
	run->summary->counts[r.verdict]++;
	tell(run, v, &r);
	if (!r.dead || replay_ready(run->tap, 2 * run->options->answer) == 0)
		return 0;
	snprintf(run->error, run->size, "the PAA answers no PCI since '%s'; replay ended", v->id);
	return -1;
}

/* The packet that belongs to the vector; -1 when the capture ends or has another one. */
static int next_packet(
	const struct run *run, pcap_t *capture, const struct vector *v, struct view *octets)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	uint16_t port;
	const char *path = v->group->file->capture;

	if (pcap_next_ex(capture, &header, &data) != 1) {
		snprintf(run->error, run->size,
			"%s: ends before the packet of '%s': %s; run 'make vectors'", path, v->id,
			*pcap_geterr(capture) ? pcap_geterr(capture) : "no more packets");
		return -1;
	}
	*octets = tap_payload(pcap_datalink(capture), VIEW(data, header->caplen), &port);
	if (octets->data && view_equal(*octets, v->octets))
		return 0;
	snprintf(run->error, run->size,
		"%s: the packet of '%s' is not what its JSON says; run 'make vectors'", path,
		v->id);
	return -1;
}

static int replay_file(const struct run *run, const struct vectors *file)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	pcap_t *capture = pcap_open_offline(file->capture, reason);
	int failed = 0;

	if (!capture) {
		snprintf(run->error, run->size, "%s; run 'make vectors'", reason);
		return -1;
	}
	for (size_t g = 0; g < file->group_count && !failed; g++)
		for (size_t i = 0; i < file->groups[g].count && !failed; i++) {
			const struct vector *v = &file->groups[g].vectors[i];
			struct view octets;
			failed = next_packet(run, capture, v, &octets);
			if (!failed)
				failed = replay_vector(run, v, octets);
		}
	pcap_close(capture);
	return failed;
}

int replay_set(struct tap *tap, const struct replay_options *options, const struct vector_set *set,
	FILE *out, struct replay_summary *summary, char *error, size_t size)
{
	struct run run = {tap, options, summary, out, error, size};
	int failed = 0;

	*summary = (struct replay_summary){0};
	for (size_t i = 0; i < set->file_count && !failed; i++)
		failed = replay_file(&run, set->files[i]);
	return failed;
}
