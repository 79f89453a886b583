// SPDX-License-Identifier: Apache-2.0
/*
 * What is read from the wire, against two engines of the reference whose datagrams become frames: with
 * the keys all of it is seen, without them it is not known, and where it did not happen it is not seen.
 * And matrices that are wrong: each mistake is told with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "ref/ike/ike_key_log.h"
#include "testbed/interop/facts.h"
#include "testbed/interop/matrix.h"
#include "testbed/interop/wiretap_frames.h"

struct stage {
	struct world world;
	struct film film;
	struct wiretap tap;
	struct evidence evidence;
	char keys[TEST_PATH]; /* file */
};

static void add_esp(struct stage *s, bool from_initiator, uint32_t spi)
{
	uint8_t octets[32] = { 0 };
	struct writer w = writer_of(octets, sizeof(octets));
	const struct endpoint *from = ike_sa_local(s->world.a.sa);

	write_u32(&w, spi);
	film_add(&s->film, from_initiator, 50, from_initiator ? from : &s->world.a.connection.remote,
		VIEW(octets, sizeof(octets)));
}

/* An echo in the newest Child SA. */
static void ping(struct stage *s)
{
	const struct ike_child_info *c = &s->world.a.children[s->world.a.child_count - 1];
	unsigned n = s->evidence.ping_count++;

	s->evidence.pings[n].from = s->film.clock;
	add_esp(s, true, c->spi_out);
	add_esp(s, false, c->spi_in);
	s->evidence.pings[n].to = s->film.clock;
}

static void log_keys(struct stage *s)
{
	struct ike_sa *sa = s->world.a.sa;
	char line[IKE_KEY_LOG_MAX];
	FILE *f = fopen(s->keys, "ae");

	assert_non_null(f);
	fprintf(f, "%s\n", ike_key_log(ike_sa_suite(sa), ike_sa_keys(sa), 0, 0, line));
	fclose(f);
}

/* Delivers until nothing flies, each datagram seen by the wire. */
static void settle(struct stage *s)
{
	while (s->world.air.count) {
		struct flying f = world_take(&s->world, 0);
		film_add_message(&s->film, &f);
		world_deliver(&s->world, &f);
	}
}

static void begin(struct stage *s, size_t fragment)
{
	memset(s, 0, sizeof(*s));
	s->film.clock = 1000 * BTIME_S;
	strcpy(s->keys, "baton-interop-test");
	close(test_file(s->keys, ""));
	world_init(&s->world, 1);
	if (fragment)
		s->world.a.connection.fragment_size = s->world.b.connection.fragment_size = fragment;
	world_begin(&s->world);
	wiretap_init(&s->tap, initiator_mac);
	s->evidence.wire = &s->tap;
	world_initiate(&s->world);
	settle(s);
	assert_true(world_up(&s->world));
	log_keys(s);
	ping(s);
}

static void judge(struct stage *s, bool with_keys)
{
	wiretap_read(&s->tap, &s->film.capture);
	film_free(&s->film); /* what was read from it stays */
	if (with_keys)
		assert_true(wiretap_take_keys(&s->tap, s->keys) > 0);
	wiretap_open(&s->tap);
}

static enum sight look(struct stage *s, const char *name)
{
	char instead[200] = "";
	const struct fact *fact = fact_named(name);

	assert_non_null(fact);
	enum sight sight = fact->look(&s->evidence, instead, sizeof(instead));
	if (sight != SIGHT_YES)
		assert_true(*instead);
	return sight;
}

static void finish(struct stage *s)
{
	unlink(s->keys);
	wiretap_free(&s->tap);
	world_end(&s->world);
}

static void test_established(void **state)
{
	static struct stage s;

	(void)state;
	begin(&s, 0);
	judge(&s, true);
	assert_int_equal(look(&s, "psk"), SIGHT_YES);
	assert_int_equal(look(&s, "esp"), SIGHT_YES);
	assert_int_equal(look(&s, "certificate"), SIGHT_NO);
	assert_int_equal(look(&s, "eap-tls"), SIGHT_NO);
	assert_int_equal(look(&s, "configuration"), SIGHT_NO);
	assert_int_equal(look(&s, "fragments"), SIGHT_NO);
	assert_int_equal(look(&s, "child-rekeyed"), SIGHT_NO);
	assert_int_equal(look(&s, "deleted"), SIGHT_NO);
	assert_int_equal(look(&s, "moved"), SIGHT_NO);
	assert_int_equal(look(&s, "main-mode"), SIGHT_NO);
	finish(&s);
}

static void test_without_keys(void **state)
{
	static struct stage s;

	(void)state;
	begin(&s, 0);
	judge(&s, false);
	assert_int_equal(look(&s, "psk"), SIGHT_UNKNOWN);
	assert_int_equal(look(&s, "child-rekeyed"), SIGHT_UNKNOWN);
	assert_int_equal(look(&s, "esp"), SIGHT_YES);
	assert_false(wiretap_write_keys(&s.tap, s.keys));
	finish(&s);
}

static void test_clear(void **state)
{
	static const uint8_t echo[] = { 8, 0, 0, 0, 0, 0, 0, 0 };
	static struct stage s;

	(void)state;
	begin(&s, 0);
	film_add(&s.film, true, 1, &s.world.b.connection.local, VIEW(echo, sizeof(echo)));
	judge(&s, true);
	assert_int_equal(look(&s, "esp"), SIGHT_NO);
	finish(&s);
}

static void test_child_rekeyed(void **state)
{
	static struct stage s;

	(void)state;
	begin(&s, 0);
	world_kind(&s.world, &s.world.a, IKE_EVENT_REKEY_CHILD);
	settle(&s);
	ping(&s);
	judge(&s, true);
	assert_int_equal(facts_rekeyings(&s.tap), 1);
	assert_int_equal(look(&s, "child-rekeyed"), SIGHT_YES);
	assert_int_equal(look(&s, "ike-rekeyed"), SIGHT_NO);
	finish(&s);
}

static void test_ike_rekeyed(void **state)
{
	static struct stage s;
	char label[400];

	(void)state;
	begin(&s, 0);
	world_kind(&s.world, &s.world.a, IKE_EVENT_REKEY);
	settle(&s);
	log_keys(&s);
	ping(&s);
	world_kind(&s.world, &s.world.a, IKE_EVENT_DELETE);
	settle(&s);
	judge(&s, true);
	assert_int_equal(look(&s, "ike-rekeyed"), SIGHT_YES);
	assert_int_equal(look(&s, "child-rekeyed"), SIGHT_NO);
	assert_int_equal(look(&s, "deleted"), SIGHT_YES);
	assert_string_equal(wiretap_label(&s.tap.messages[s.tap.count - 1], label, sizeof(label)),
		"INFORMATIONAL response id=0");
	assert_true(wiretap_write_keys(&s.tap, s.keys));
	finish(&s);
}

static void test_fragments(void **state)
{
	static struct stage s;

	(void)state;
	begin(&s, 160);
	judge(&s, true);
	assert_int_equal(look(&s, "fragments"), SIGHT_YES);
	assert_int_equal(look(&s, "psk"), SIGHT_YES); /* put together again */
	finish(&s);
}

static void test_moved(void **state)
{
	struct endpoint second = world_endpoint("192.0.2.11", 0);
	static struct stage s;

	(void)state;
	begin(&s, 0);
	memcpy(s.evidence.second, second.address, 4);
	s.evidence.moved = s.film.clock;
	world_event(&s.world, &s.world.a,
		(struct ike_event){ .kind = IKE_EVENT_MOVED, .local = second });
	settle(&s);
	ping(&s);
	judge(&s, true);
	assert_int_equal(look(&s, "moved"), SIGHT_YES);
	memcpy(s.evidence.second, "\1\1\1\1", 4);
	assert_int_equal(look(&s, "moved"), SIGHT_NO);
	finish(&s);
}

/* --- matrices ------------------------------------------------------------------------------- */

static const char good[] = "matrix: m\ntitle: t\nroles: [a, b]\nimplementations: [x, y]\nfeatures:\n"
			   "  - {name: f, title: t, covers: RFC7296 2.15, needs: [ikev2], given: {psk: k},\n"
			   "     steps: [connect, ping], shows: [psk]}\n";

static void load(const char *text, int expected, unsigned line, const char *words)
{
	char path[TEST_PATH] = "baton-interop-test";
	struct diagnostics d = { 0 };
	struct matrix m;
	int fd = test_file(path, ".yaml");

	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(matrix_load(path, &m, &d), expected);
	if (expected < 0) {
		assert_true(d.count > 0);
		assert_int_equal(d.list[0].line, line);
		assert_non_null(strstr(d.list[0].text, words));
	} else {
		assert_int_equal(m.feature_count, 1);
		assert_int_equal(m.features[0].step_count, 2);
		assert_string_equal(m.features[0].section, "2.15");
	}
	matrix_free(&m);
	diagnostics_free(&d);
	unlink(path);
}

/* The good one with `from` replaced by `to`. */
static void wrong(const char *from, const char *to, unsigned line, const char *words)
{
	char text[1024];
	const char *at = strstr(good, from);

	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	load(text, -1, line, words);
}

static void test_matrix(void **state)
{
	(void)state;
	load(good, 0, 0, NULL);
	wrong("connect", "conect", 7, "no step conect");
	wrong("[psk]", "[pks]", 7, "nothing to be shown of the name pks");
	wrong("ikev2", "ikev3", 6, "no feature ikev3");
	wrong("psk: k", "pks: k", 6, "no setting pks");
	wrong("psk: k", "mobike: maybe", 6, "right is yes or no");
	wrong("RFC7296 2.15", "RFC7296", 6, "a document and a section");
	wrong("[a, b]", "[a]", 3, "roles are two");
	wrong("title: t\nroles", "roles", 1, "has no title");
	wrong("matrix: m", "matrix: m\nmore: x", 2, "knows no key more");
	wrong("matrix: m", "matrix: m: n", 1, "no YAML");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_established),
		cmocka_unit_test(test_without_keys),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_child_rekeyed),
		cmocka_unit_test(test_ike_rekeyed),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_matrix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
