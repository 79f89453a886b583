// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "ref/base/writer.h"
#include "testbed/measure/layer2.h"

static const uint8_t ap[6] = { 2, 0, 0, 0, 0xa, 1 }, station[6] = { 2, 0, 0, 0, 0, 1 },
		     elsewhere[6] = { 2, 0, 0, 0, 0xa, 2 };

static void log_is_searched(void **state)
{
	char path[] = "/tmp/layer2-log-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	dprintf(fd, "10.5: wlan0: CTRL-EVENT-EAP-STARTED EAP authentication started\n"
		    "no time: CTRL-EVENT-EAP-STARTED\n"
		    "11.25: wlan0: CTRL-EVENT-EAP-STARTED EAP authentication started\n"
		    "12: wlan0: CTRL-EVENT-EAP-SUCCESS\n");
	close(fd);
	assert_true(layer2_said(path, "EAP-STARTED", 0, INFINITY) == 10.5);
	assert_true(layer2_said(path, "EAP-STARTED", 10.6, INFINITY) == 11.25);
	assert_true(isnan(layer2_said(path, "EAP-STARTED", 11.3, INFINITY)));
	assert_true(isnan(layer2_said(path, "EAP-SUCCESS", 0, 11.9)));
	assert_true(layer2_said_last(path, "EAP-STARTED", 12) == 11.25);
	assert_true(layer2_said_last(path, "EAP-STARTED", 11) == 10.5);
	unlink(path);
	assert_true(isnan(layer2_said(path, "EAP-STARTED", 0, INFINITY)));
}

/* --- frames ----------------------------------------------------------------------------------- */

struct air {
	pcap_dumper_t *dump;
	char path[32];
};

static void frame(struct air *a, double t, uint8_t control, uint8_t flags, const uint8_t *to,
	const uint8_t *from, struct view body)
{
	static const uint8_t radiotap[] = { 0, 0, 8, 0, 0, 0, 0, 0 };
	uint8_t buffer[256];
	struct writer w = writer_of(buffer, sizeof(buffer));

	write_bytes(&w, radiotap, sizeof(radiotap));
	write_u8(&w, control);
	write_u8(&w, flags);
	write_zero(&w, 2);
	write_bytes(&w, to, 6);
	write_bytes(&w, from, 6);
	write_zero(&w, 8);
	if (control == 0x88)
		write_zero(&w, 2);
	write_view(&w, body);
	struct pcap_pkthdr header = { .ts = { (time_t)t, (suseconds_t)((t - floor(t)) * 1e9) },
		.caplen = (bpf_u_int32)w.used,
		.len = (bpf_u_int32)w.used };
	pcap_dump((u_char *)a->dump, &header, buffer);
}

static void eapol(struct air *a, double t, uint8_t flags, bool to_ap, uint8_t type,
	struct view more)
{
	uint8_t buffer[128];
	struct writer w = writer_of(buffer, sizeof(buffer));
	static const uint8_t llc[] = { 0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e };

	write_bytes(&w, llc, sizeof(llc));
	write_u8(&w, 2);
	write_u8(&w, type);
	write_u16(&w, (uint16_t)more.size);
	write_view(&w, more);
	frame(a, t, 0x88, flags, to_ap ? ap : station, to_ap ? station : ap, writer_view(&w));
}

static void open_air(struct air *a)
{
	pcap_t *capture = pcap_open_dead_with_tstamp_precision(DLT_IEEE802_11_RADIO, 65535,
		PCAP_TSTAMP_PRECISION_NANO);

	strcpy(a->path, "/tmp/layer2-air-XXXXXX");
	close(mkstemp(a->path));
	a->dump = pcap_dump_open(capture, a->path);
	assert_non_null(a->dump);
	pcap_close(capture);
}

static void air_is_read(void **state)
{
	static const uint8_t kde[] = { 1, 2, 3, 0xdd, 20, 0, 0x0f, 0xac, 4, 0, 1, 2, 3, 4, 5, 6, 7,
		8, 9, 10, 11, 12, 13, 14, 15 };
	static const uint8_t open[] = { 0, 0, 1, 0, 0, 0 };
	struct report_error error;
	struct layer2_air seen;
	struct air a;

	(void)state;
	open_air(&a);
	eapol(&a, 1.0, 0, true, 0, VIEW_EMPTY); /* of an earlier association */
	frame(&a, 2.0, 0xb0, 0, elsewhere, station, VIEW_EMPTY); /* Authentication elsewhere */
	frame(&a, 2.5, 0xb0, 0, ap, station, VIEW_OF(open));
	frame(&a, 2.6, 0xb0, 0, station, ap, VIEW_EMPTY);
	eapol(&a, 3.0, 0, true, 1, VIEW_EMPTY); /* EAPOL-Start */
	eapol(&a, 3.5, 0, false, 0, VIEW_EMPTY);
	eapol(&a, 3.6, 0x40, false, 0, VIEW_EMPTY); /* encrypted: somebody else's */
	eapol(&a, 4.0, 0, false, 3, VIEW_OF(kde));
	eapol(&a, 4.5, 0, true, 3, VIEW_EMPTY);
	eapol(&a, 9.0, 0, true, 3, VIEW_EMPTY); /* too late */
	pcap_dump_close(a.dump);
	assert_int_equal(layer2_air(a.path, ap, 1.5, 8, &seen, &error), 0);
	assert_true(fabs(seen.began - 2.5) < 1e-6);
	assert_true(fabs(seen.first_eap - 3.0) < 1e-6);
	assert_true(fabs(seen.last_eap - 3.5) < 1e-6);
	assert_true(fabs(seen.completed - 4.5) < 1e-6);
	assert_true(fabs(seen.answered - 3.5) < 1e-6);
	assert_int_equal(seen.algorithm, LAYER2_OPEN);
	assert_int_equal(seen.eap, 2);
	assert_int_equal(seen.keys, 2);
	assert_string_equal(seen.pmkid, "000102030405060708090a0b0c0d0e0f");
	unlink(a.path);
	assert_int_equal(layer2_air(a.path, ap, 0, 8, &seen, &error), -1);
}

/* IEEE 802.11-2016 §12.12.2: keys come with authentication and association. */
static void fils_is_read(void **state)
{
	static const uint8_t fils[] = { 4, 0, 1, 0, 0, 0, /* behind it an element, then the RSN element */
		0xdd, 1, 0, 48, 38, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac,
		14, 0, 0, 1, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
	struct report_error error;
	struct layer2_air seen;
	struct air a;

	(void)state;
	open_air(&a);
	frame(&a, 2.0, 0xb0, 0, ap, station, VIEW_OF(fils));
	frame(&a, 2.5, 0xb0, 0, station, ap, VIEW_EMPTY);
	frame(&a, 3.0, 0x00, 0, ap, station, VIEW_EMPTY);
	frame(&a, 3.5, 0x10, 0, station, ap, VIEW_EMPTY);
	pcap_dump_close(a.dump);
	assert_int_equal(layer2_air(a.path, ap, 0, 8, &seen, &error), 0);
	assert_int_equal(seen.algorithm, LAYER2_FILS);
	assert_int_equal(seen.keys, 0);
	assert_true(fabs(seen.asked - 3.0) < 1e-6);
	assert_true(fabs(seen.associated - 3.5) < 1e-6);
	assert_true(fabs(seen.completed - 3.5) < 1e-6);
	assert_true(isnan(seen.answered));
	assert_string_equal(seen.pmkid, "101112131415161718191a1b1c1d1e1f");
	unlink(a.path);
}

/* Fast transition over the distribution system begins with the Reassociation Request. */
static void leaving_and_transition_are_read(void **state)
{
	struct report_error error;
	struct layer2_air seen;
	struct air a;

	(void)state;
	open_air(&a);
	frame(&a, 1.0, 0xc0, 0, station, ap, VIEW_EMPTY); /* the access point's */
	frame(&a, 1.5, 0xc0, 0, elsewhere, station, VIEW_EMPTY);
	frame(&a, 2.0, 0x20, 0, ap, station, VIEW_EMPTY);
	frame(&a, 2.5, 0x30, 0, station, ap, VIEW_EMPTY);
	pcap_dump_close(a.dump);
	assert_int_equal(layer2_air(a.path, ap, 0, 8, &seen, &error), 0);
	assert_int_equal(seen.algorithm, -1);
	assert_true(fabs(seen.began - 2.0) < 1e-6);
	assert_true(fabs(seen.completed - 2.5) < 1e-6);
	assert_true(fabs(layer2_left(a.path, station, 0, 8) - 1.5) < 1e-6);
	assert_true(isnan(layer2_left(a.path, station, 1.6, 8)));
	unlink(a.path);
	assert_true(isnan(layer2_left(a.path, station, 0, 8)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_is_searched),
		cmocka_unit_test(air_is_read),
		cmocka_unit_test(fils_is_read),
		cmocka_unit_test(leaving_and_transition_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
