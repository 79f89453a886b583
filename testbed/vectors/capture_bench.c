// SPDX-License-Identifier: Apache-2.0
/*
 * PANA decode and encode in packets a second, on a capture that other decoders read in the same
 * run: `capture_bench WRITE.pcap FROM.pcapng...` repeats the packets of the given captures until
 * there are enough, writes them, and times our codec over them. One JSON object a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <pcap/pcap.h>

#include "ref/pana/pana_wire.h"

#define PACKETS 50000
#define ROUNDS 20
#define PAYLOAD_AT (14 + 20 + 8) /* Ethernet, IPv4 without options, UDP */

struct frame {
	struct pcap_pkthdr header;
	uint8_t data[2048];
};

struct frames {
	struct frame *list;
	size_t count;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct view payload(const struct frame *f)
{
	return VIEW(f->data + PAYLOAD_AT, f->header.caplen - PAYLOAD_AT);
}

/* Only what our codec takes: rates of decoders that stop at the first error mean nothing. */
static bool usable(const struct frame *f)
{
	struct packet p;
	return f->header.caplen > PAYLOAD_AT && f->data[12] == 8 && f->data[23] == 17 &&
		wire_decode(&pana_protocol, payload(f), &p, NULL) == 0;
}

static void read_frames(const char *path, struct frames *frames)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *capture = pcap_open_offline(path, why);

	if (!capture) {
		fprintf(stderr, "capture_bench: %s\n", why);
		exit(2);
	}
	while (pcap_next_ex(capture, &header, &data) == 1) {
		struct frame frame = { .header = *header };
		if (header->caplen > sizeof(frame.data))
			continue;
		memcpy(frame.data, data, header->caplen);
		if (!usable(&frame))
			continue;
		frames->list = realloc(frames->list, (frames->count + 1) * sizeof(frame));
		if (!frames->list)
			abort();
		frames->list[frames->count++] = frame;
	}
	pcap_close(capture);
}

static void write_capture(const char *path, const struct frames *frames)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *out = pcap_dump_open(dead, path);

	if (!out) {
		fprintf(stderr, "capture_bench: %s\n", pcap_geterr(dead));
		exit(2);
	}
	for (size_t i = 0; i < PACKETS; i++) {
		const struct frame *f = &frames->list[i % frames->count];
		pcap_dump((u_char *)out, &f->header, f->data);
	}
	pcap_dump_close(out);
	pcap_close(dead);
}

static void report(const char *name, double seconds)
{
	printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"packets/s\"}\n", name,
		(double)PACKETS * ROUNDS / seconds);
}

int main(int argc, char **argv)
{
	struct frames frames = { 0 };
	struct packet p;
	uint8_t buffer[4096];
	size_t check = 0;

	if (argc < 3) {
		puts("# capture_bench needs a file to write and captures to read");
		return 0;
	}
	for (int i = 2; i < argc; i++)
		read_frames(argv[i], &frames);
	if (!frames.count) {
		fprintf(stderr, "capture_bench: no packet that decodes\n");
		return 2;
	}
	write_capture(argv[1], &frames);

	double began = now();
	for (size_t i = 0; i < (size_t)PACKETS * ROUNDS; i++)
		check += (size_t)wire_decode(&pana_protocol,
			payload(&frames.list[i % frames.count]), &p, NULL);
	report("baton decode", now() - began);

	struct packet *decoded = calloc(frames.count, sizeof(*decoded));
	if (!decoded)
		abort();
	for (size_t i = 0; i < frames.count; i++)
		wire_decode(&pana_protocol, payload(&frames.list[i]), &decoded[i], NULL);
	began = now();
	for (size_t i = 0; i < (size_t)PACKETS * ROUNDS; i++) {
		struct writer w = writer_of(buffer, sizeof(buffer));
		wire_encode(&decoded[i % frames.count], &w);
		check += w.used;
	}
	report("baton encode", now() - began);
	free(decoded);
	free(frames.list);
	return check == 0;
}
