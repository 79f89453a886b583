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

#include "ref/base/reader.h"
#include "ref/pana/pana_wire.h"

#define PACKETS 50000
#define ROUNDS 20
#define ETHERTYPE_IPV4 0x0800
#define PROTOCOL_UDP 17

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

/* What UDP over IPv4 over Ethernet carries; empty when the frame is something else. */
static struct view payload(const struct frame *f)
{
	struct reader r = reader_of(VIEW(f->data, f->header.caplen));

	read_view(&r, 12); /* link addresses */
	if (read_u16(&r) != ETHERTYPE_IPV4)
		return VIEW_EMPTY;
	size_t options = (read_u8(&r) & 0x0f) * 4u - 20;
	read_view(&r, 8);
	if (read_u8(&r) != PROTOCOL_UDP)
		return VIEW_EMPTY;
	read_view(&r, 10 + options); /* checksum, addresses, options */
	read_view(&r, 4);	     /* ports */
	size_t length = read_u16(&r);
	read_view(&r, 2); /* checksum */
	return r.failed || length < 8 ? VIEW_EMPTY : read_view(&r, length - 8);
}

/* Only what our codec takes: rates of decoders that stop at the first error mean nothing. */
static bool usable(const struct frame *f)
{
	struct packet p;
	struct view datagram = payload(f);
	return datagram.size && wire_decode(&pana_protocol, datagram, &p, NULL) == 0;
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
		struct frame frame = {.header = *header};
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
	struct frames frames = {0};
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
	struct view *datagrams = calloc(frames.count, sizeof(*datagrams));
	struct packet *decoded = calloc(frames.count, sizeof(*decoded));
	if (!datagrams || !decoded)
		abort();
	for (size_t i = 0; i < frames.count; i++)
		datagrams[i] = payload(&frames.list[i]);

	double began = now();
	for (size_t i = 0; i < (size_t)PACKETS * ROUNDS; i++)
		check += (size_t)wire_decode(&pana_protocol, datagrams[i % frames.count], &p, NULL);
	report("baton decode", now() - began);

	for (size_t i = 0; i < frames.count; i++)
		wire_decode(&pana_protocol, datagrams[i], &decoded[i], NULL);
	began = now();
	for (size_t i = 0; i < (size_t)PACKETS * ROUNDS; i++) {
		struct writer w = writer_of(buffer, sizeof(buffer));
		wire_encode(&decoded[i % frames.count], &w);
		check += w.used;
	}
	report("baton encode", now() - began);
	free(decoded);
	free(datagrams);
	free(frames.list);
	return check == 0;
}
