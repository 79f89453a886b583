// SPDX-License-Identifier: Apache-2.0
/*
 * The vectors that come with the tree, each time with one thing changed: the reader must tell what
 * is wrong, and the checks must see what is no longer true.
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

#include "testbed/util/paths.h"
#include "testbed/vectors/check.h"

/* A file with the first `what` replaced, behind the first `behind` if that is not NULL. */
struct change {
	const char *file, *behind, *what, *with;
	const char *text; /* what is told */
};

static char *text_of(const char *file)
{
	char *relative = path_format("vectors/%s.json", file), *path = baton_file(relative);
	char *text = NULL;
	size_t room = 0;
	FILE *stream = fopen(path, "r");

	assert_non_null(stream);
	assert_true(getdelim(&text, &room, '\0', stream) > 0);
	fclose(stream);
	free(path);
	free(relative);
	return text;
}

static void write_changed(const char *path, const struct change *c)
{
	char *text = text_of(c->file);
	const char *from = c->behind ? strstr(text, c->behind) : text;
	const char *at = from ? strstr(from, c->what) : NULL;
	FILE *out = fopen(path, "w");

	if (!at)
		fail_msg("%s: no \"%s\" behind \"%s\"", c->file, c->what, c->behind);
	assert_non_null(out);
	fprintf(out, "%.*s%s%s", (int)(at - text), text, c->with, at + strlen(c->what));
	assert_int_equal(fclose(out), 0);
	free(text);
}

static const struct change wrong[] = {
	{"radius/keys", "\"auth\"", "\"exchange\": 0", "\"exchange\": 9", "exchange 9 of 1"},
	{"radius/keys", "\"waiting\"", "\"exchange\": 0", "\"exchange\": 9",
		"the state's exchange is 9 of 1"},
	{"binding/messages", NULL, "\"auth\": {", "\"auth\": {\"association\": 0,",
		"auth has an association"},
	{"pana/messages", NULL, "\"association\": 0,", "", "auth lacks an association"},
	{"radius/keys", "\"attributes\"", "\"length\": ", "\"length\": 1", "they would agree"},
	{"radius/keys", NULL, "\"secret\": \"", "\"secret\": \"x", "'secret' of keys is wrong"},
	{"radius/keys", NULL, "\"request\": \"", "\"request\": \"00\", \"x\": \"",
		"has a member 'x'"},
	{"eapol/frames", "\"cases\"", "\"pmk\": 1", "\"pmk\": 7", "PMK 7 of 3"},
	{"eapol/frames", NULL, "\"pmk\": \"", "\"pmk\": \"00", "a PMK of a wrong size"},
	{"eapol/frames", NULL, "\"body\": \"", "\"body\": \"0", "'body' is wrong"},
	{"eap/md5", NULL, "\"before\": [", "\"before\": [7,", "what came before is wrong"},
	{"eap/md5", NULL, "server->peer", "paa->pac", "the direction is 'paa->pac'"},
	{"eap/md5", NULL, "\"needs\": \"identity\"", "\"needs\": \"open\"", "one of 'fresh'"},
	{"eap/md5", NULL, "\"message\": \"Request\",", "", "no 'message' among the fields"},
	{"eap/md5", NULL, "\"code\": 1", "\"code\": -1", "'code' is wrong"},
	{"eap/psk", NULL, "\"rand_p\": \"", "\"rand_p\": \"00", "EAP-PSK without all its values"},
	{"dot1x-over-ip/messages", NULL, "\"proxy\": true", "\"proxy\": 1", "'proxy' of the state"},
	{"ike/conversations", NULL, "\"encr\": 20", "\"encr\": 0", "an IKE SA without encryption"},
	{"ike/conversations", NULL, "\"sk_d\": \"", "\"sk_d\": \"x", "'sk_d' of an IKE SA is wrong"},
};

static void test_reader_tells_what_is_wrong(void **state)
{
	char path[] = "/tmp/baton-protocols-XXXXXX.json", error[1024];

	(void)state;
	close(mkstemps(path, 5));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_changed(path, &wrong[i]);
		struct vectors *file = vectors_read(path, error, sizeof(error));
		if (file)
			fail_msg("row %zu (%s) was taken", i, wrong[i].with);
		if (!strstr(error, wrong[i].text))
			fail_msg("row %zu: expected \"%s\", actual \"%s\"", i, wrong[i].text,
				error);
	}
	unlink(path);
}

static const struct change untrue[] = {
	{"eap/md5", "\"md5-response\"", "\"reply\": \"03", "\"reply\": \"04",
		"answer: expected 4 octets, actual 4; the first difference is at octet 0"},
	{"eap/md5", "\"md5-response\"", "\"Success\"", "\"Failure\"",
		"reaction: expected Failure, actual Success"},
	{"eap/md5", "\"md5-response-bit\"", "\"bad-integrity\"", "\"bad-length\"",
		"reason: expected bad-length"},
	{"eap/md5", NULL, "\"identifier\": 2", "\"identifier\": 3",
		"identifier: expected 3, actual 2"},
	{"eap/order", "\"order-success-first\"", "\"before\"", "\"before\"", NULL},
	{"eap/order", "\"order-success\"", "\"before\": [\n", "\"before\": [\"0301\",\n",
		"packet 1 of those before: rejected"},
	{"eap/tls", NULL, "\"tls_flags\": 32", "\"tls_flags\": 0", "tls_flags: expected 0"},
	{"eap/packets", "\"nak-server-psk\"", "\"identifier\": 100", "\"identifier\": 90",
		"packet 1 of those before: rejected: bad-sequence-number"},
	{"eapol/frames", NULL, "\"pmkid\": \"", "\"pmkid\": \"00", "the PMKID differs"},
	{"eapol/frames", NULL, "\"ethertype\": 34958", "\"ethertype\": 35015", "ethertype: expected"},
	{"radius/keys", NULL, "\"recv\": \"", "\"recv\": \"00", "MS-MPPE-Recv-Key"},
	{"radius/keys", NULL, "\"authenticator\": true", "\"authenticator\": false",
		"Response Authenticator: expected wrong, actual right"},
	{"radius/keys", "\"keys-send-first\"", "\"message_authenticator\": true",
		"\"message_authenticator\": false",
		"Message-Authenticator: expected wrong, actual right"},
	{"radius/keys", NULL, "\"secret\": \"62", "\"secret\": \"63", "expected right"},
	{"radius/tolerance", "\"eap-accept-failure\"", "\"accept\"", "\"reject\"",
		"reaction: expected reject, actual accept"},
	{"radius/conversations", "\"md5-challenge\"", "\"eap\": \"01", "\"eap\": \"02",
		"EAP packet: expected"},
	{"dot1x-over-ip/messages", NULL, "\"OPENED\"", "\"ALIVE\"",
		"reaction: expected ALIVE, actual OPENED"},
	{"dot1x-over-ip/messages", "\"frame-lan-start\"", "\"proxy\": true", "\"identifier\": 1",
		"expected LAN[EAPOL-Start], actual FRAME[EAPOL-EAP]"},
	{"dot1x-over-ip/session-psk", "\"psk-fourth\"", "\"reply\": \"0103", "\"reply\": \"0104",
		"answer: expected"},
	{"binding/messages", NULL, "\"valid\": true", "\"valid\": false",
		"Authenticator: expected wrong, actual right"},
	{"binding/messages", NULL, "\"sequence\": 1", "\"sequence\": 2", "sequence: expected 2"},
	{"ap-info/elements", NULL, "\"oui\": 94", "\"oui\": 95", "oui: expected 95, actual 94"},
	{"ap-info/invalid", NULL, "\"bad-version\"", "\"bad-value\"", "expected bad-value"},
	{"ike/conversations", NULL, "\"sk_er\": \"", "\"sk_er\": \"00", "sk_er: the derived key"},
	{"ike/conversations", NULL, "\"shared\": \"", "\"shared\": \"00", "the derived key differs"},
	{"ike/conversations", NULL, "\"inside\": \"", "\"inside\": \"00", "inside: expected"},
	{"ike/conversations", "\"gcm128-probe\"", "\"valid\": true", "\"valid\": false",
		"ICV: expected wrong, actual right"},
	{"ike/conversations", NULL, "\"message_id\": 0", "\"message_id\": 1",
		"message_id: expected 1"},
	{"ike/invalid", NULL, "\"missing-element\"", "\"bad-flags\"", "reason: expected bad-flags"},
	{"address-change/data", NULL, "\"sequence\": 1", "\"sequence\": 2", "sequence: expected 2"},
	{"dhcp-over-ipsec/messages", NULL, "\"hops\": 0", "\"hops\": 1", "hops: expected 1"},
	{"dhcp-over-ipsec/messages", NULL, "\"reply\": \"01", "\"reply\": \"02",
		"answer: expected"},
	{"dhcp-over-ipsec/invalid", NULL, "\"wrong-address\"", "\"bad-value\"",
		"expected bad-value"},
	{"tunnelled-change/packets", NULL, "\"outer_ttl\": 64", "\"outer_ttl\": 63",
		"outer_ttl: expected 63, actual 64"},
	{"tunnelled-change/packets", NULL, "\"taken\"", "\"silence\"",
		"reaction: expected silence, actual taken"},
	{"tunnelled-change/invalid", NULL, "\"unknown-type\"", "\"bad-value\"",
		"expected bad-value"},
	{"tunnelled-change/invalid", "\"place-other\"", "\"refused\"", "\"taken\"",
		"reaction: expected taken, actual refused"},
};

/* What differs first in a file; empty when nothing does. */
static struct finding first_difference(const char *path)
{
	char error[1024] = "";
	struct vectors *file = vectors_read(path, error, sizeof(error));
	struct finding f = {.verdict = CHECK_AGREES};

	if (!file)
		fail_msg("%s", error);
	const struct vector_codec *codec = vector_codec(file->protocol);
	for (size_t g = 0; g < file->group_count && f.verdict != CHECK_DIFFERS; g++)
		for (size_t i = 0; i < file->groups[g].count && f.verdict != CHECK_DIFFERS; i++)
			f = check_with_codec(codec, &file->groups[g].vectors[i]);
	vectors_free(file);
	return f;
}

static void test_checks_see_what_is_untrue(void **state)
{
	char path[] = "/tmp/baton-protocols-XXXXXX.json";

	(void)state;
	close(mkstemps(path, 5));
	for (size_t i = 0; i < sizeof(untrue) / sizeof(untrue[0]); i++) {
		write_changed(path, &untrue[i]);
		struct finding f = first_difference(path);
		if (!untrue[i].text && f.verdict == CHECK_DIFFERS)
			fail_msg("row %zu: unchanged, and yet \"%s\"", i, f.text);
		if (untrue[i].text &&
			(f.verdict != CHECK_DIFFERS || !strstr(f.text, untrue[i].text)))
			fail_msg("row %zu: expected \"%s\", actual \"%s\"", i, untrue[i].text,
				f.text);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_tells_what_is_wrong),
		cmocka_unit_test(test_checks_see_what_is_untrue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
