// SPDX-License-Identifier: Apache-2.0
/*
 * The dissector and the codec are made from the same tables and must say the same: packets sampled
 * from them are shown whole and without a complaint, packets that break a rule with one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "ref/base/wire_break.h"
#include "ref/binding/binding_wire.h"
#include "ref/dot1x/dxi_wire.h"
#include "ref/pana/pana_wire.h"
#include "testbed/util/paths.h"
#include "testbed/vectors/dissector.h"
#include "testbed/vectors/pdml.h"

#define FRAMES_MAX 4000
#define TCP 6
#define UDP 17

static const struct format {
	const struct protocol *protocol;
	const char *layer;
	uint8_t transport;
	uint16_t port;
} formats[] = {
	{&dxi_protocol, "baton_dxi", TCP, DXI_PORT},
	{&binding_protocol, "baton_rbp", UDP, BINDING_PORT},
	{&pana_protocol, "baton_pana", UDP, PANA_PORT},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct scene {
	char script[64], option[96], capture[64];
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	unsigned count;
	char *labels[FRAMES_MAX];
};

static bool has_tshark(void)
{
	return system("tshark --version >/dev/null 2>&1") == 0;
}

static int raise_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	char error[256] = "";
	char *template = baton_file("vectors/dissector.lua");

	assert_non_null(s);
	strcpy(s->script, "/tmp/baton-dissector-XXXXXX.lua");
	strcpy(s->capture, "/tmp/baton-dissector-XXXXXX.pcap");
	FILE *out = fdopen(mkstemps(s->script, 4), "w");
	assert_non_null(out);
	if (write_dissector(template, out, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	fclose(out);
	free(template);
	close(mkstemps(s->capture, 5));
	snprintf(s->option, sizeof(s->option), "lua_script:%s", s->script);
	s->pcap = pcap_open_dead(DLT_EN10MB, 65535);
	s->dumper = pcap_dump_open(s->pcap, s->capture);
	assert_non_null(s->dumper);
	*state = s;
	return 0;
}

static int strike_scene(void **state)
{
	struct scene *s = *state;

	if (s->dumper)
		pcap_dump_close(s->dumper);
	pcap_close(s->pcap);
	unlink(s->script);
	unlink(s->capture);
	for (unsigned i = 0; i < s->count; i++)
		free(s->labels[i]);
	free(s);
	return 0;
}

static void write_transport(struct writer *w, const struct format *f, size_t size, unsigned number)
{
	write_u16(w, (uint16_t)(10000 + number)); /* a connection for each */
	write_u16(w, f->port);
	if (f->transport == UDP) {
		write_u16(w, (uint16_t)(8 + size));
		write_u16(w, 0);
		return;
	}
	write_u32(w, 1);
	write_u32(w, 1);
	write_u16(w, 0x5018);
	write_u16(w, 8192);
	write_u32(w, 0);
}

static void add_frame(
	struct scene *s, const struct format *f, struct view octets, const char *label)
{
	static uint8_t room[65536 + 64];
	struct writer w = writer_of(room, sizeof(room));
	size_t head = 20 + (f->transport == UDP ? 8 : 20);

	assert_true(s->count < FRAMES_MAX);
	write_bytes(&w, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0\x45\0", 16);
	write_u16(&w, (uint16_t)(head + octets.size));
	write_u32(&w, 0);
	write_u8(&w, 64);
	write_u8(&w, f->transport);
	write_u16(&w, 0);
	write_bytes(&w, "\xc0\0\2\1\xc0\0\2\2", 8);
	write_transport(&w, f, octets.size, s->count);
	write_view(&w, octets);
	assert_false(w.failed);
	struct pcap_pkthdr header = {.caplen = (bpf_u_int32)w.used, .len = (bpf_u_int32)w.used};
	pcap_dump((u_char *)s->dumper, &header, room);
	s->labels[s->count++] = strdup(label);
}

static struct pdml *look(struct scene *s)
{
	const char *arguments[] = {"-X", s->option, NULL};
	char error[512] = "";

	pcap_dump_close(s->dumper);
	s->dumper = NULL;
	struct pdml *pdml = pdml_read(s->capture, arguments, error, sizeof(error));
	if (!pdml)
		fail_msg("%s", error);
	assert_int_equal(pdml_count(pdml), s->count);
	return pdml;
}

static const xmlNode *field_of(const xmlNode *packet, const struct format *f, const char *name)
{
	char whole[64];
	snprintf(whole, sizeof(whole), "%s.%s", f->layer, name);
	return pdml_below(packet, whole);
}

static unsigned count_elements(const xmlNode *packet, const struct format *f)
{
	unsigned count = 0;

	for (const xmlNode *n = field_of(packet, f, "element"); n; n = n->next) {
		const char *name = pdml_attribute(n, "name");
		count += strlen(name) > 8 && strcmp(name + strlen(name) - 8, ".element") == 0;
	}
	return count;
}

static void test_good_ones_are_shown_whole(void **state)
{
	struct scene *s = *state;
	static struct {
		const struct format *format;
		const char *message;
		unsigned elements, vendors;
	} expected[FRAMES_MAX];
	static uint8_t values[16384], octets[16384];

	if (!has_tshark())
		skip();
	for (size_t i = 0; i < FORMATS; i++)
		for (const struct message *m = formats[i].protocol->messages; m->name; m++)
			for (int much = 0; much < 2; much++) {
				struct writer v = writer_of(values, sizeof(values)),
					      w = writer_of(octets, sizeof(octets));
				struct packet p =
					wire_sample(formats[i].protocol, m, much, &v);
				wire_encode(&p, &w);
				assert_false(w.failed);
				expected[s->count].format = &formats[i];
				expected[s->count].message = m->name;
				expected[s->count].elements = p.element_count;
				expected[s->count].vendors = 0;
				for (unsigned k = 0; k < p.element_count; k++)
					expected[s->count].vendors += p.elements[k].vendor != 0;
				add_frame(s, &formats[i], writer_view(&w), m->title);
			}
	struct pdml *pdml = look(s);
	for (unsigned i = 0; i < s->count; i++) {
		const struct format *f = expected[i].format;
		const xmlNode *packet = pdml_packet(pdml, i);
		bool known = pdml_child(packet, "pana") != NULL;
		if (known && expected[i].vendors == 0)
			continue; /* Wireshark's own dissector has shown it */
		if (!pdml_child(packet, f->layer))
			fail_msg("%s: not dissected", s->labels[i]);
		if (field_of(packet, f, "broken"))
			fail_msg("%s: a complaint", s->labels[i]);
		unsigned count = known ? expected[i].vendors : expected[i].elements;
		if (count_elements(packet, f) != count)
			fail_msg("%s: %u elements, expected %u", s->labels[i],
				count_elements(packet, f), count);
		const xmlNode *name = field_of(packet, f, "message");
		if (!known && (!name || strcmp(pdml_attribute(name, "show"),
						expected[i].message) != 0))
			fail_msg("%s: another message", s->labels[i]);
	}
	pdml_free(pdml);
}

/* Nothing at all has no dissector; in a stream, octets behind a message belong to the next one. */
static bool can_show(const struct format *f, const struct wire_broken *broken)
{
	bool length = broken->reason == REJECT_LENGTH && broken->field &&
		      strcmp(broken->field, "Length") == 0;
	return broken->octets.size > 0 && !(f->transport == TCP && length);
}

/* Wireshark's own PANA goes first, so only our own protocols are broken here. */
static void test_broken_ones_are_marked(void **state)
{
	struct scene *s = *state;
	static uint8_t values[16384];
	static struct wire_breaker breaker;
	unsigned marked = 0, waiting = 0;
	size_t first[FORMATS + 1] = {0};

	if (!has_tshark())
		skip();
	for (size_t i = 0; i < 2; i++) {
		for (const struct message *m = formats[i].protocol->messages; m->name; m++) {
			struct writer v = writer_of(values, sizeof(values));
			struct packet p = wire_sample(formats[i].protocol, m, true, &v);
			struct wire_broken broken;
			assert_int_equal(wire_break_begin(&breaker, &p), 0);
			while (wire_break_next(&breaker, &broken))
				if (can_show(&formats[i], &broken))
					add_frame(s, &formats[i], broken.octets, broken.label);
		}
		first[i + 1] = s->count;
	}
	struct pdml *pdml = look(s);
	for (unsigned i = 0; i < s->count; i++) {
		const struct format *f = &formats[i >= first[1]];
		const xmlNode *packet = pdml_packet(pdml, i);
		bool there = pdml_child(packet, f->layer) != NULL;
		if (there && !field_of(packet, f, "broken"))
			fail_msg("%s: no complaint about '%s'", f->layer, s->labels[i]);
		/* A stream may still bring what is missing; a datagram is all there is. */
		if (!there && f->transport == UDP)
			fail_msg("%s: not dissected: '%s'", f->layer, s->labels[i]);
		marked += there;
		waiting += !there;
	}
	assert_true(marked > 100);
	assert_true(waiting < marked / 4);
	pdml_free(pdml);
}

static void test_template_that_is_none(void **state)
{
	char error[256] = "";
	FILE *out = tmpfile();

	(void)state;
	assert_int_equal(write_dissector("/nowhere/x.lua", out, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "/nowhere/x.lua: "));
	assert_int_equal(write_dissector("/dev/null", out, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "no line @TABLES@"));
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_good_ones_are_shown_whole, raise_scene, strike_scene),
		cmocka_unit_test_setup_teardown(
			test_broken_ones_are_marked, raise_scene, strike_scene),
		cmocka_unit_test(test_template_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
