// SPDX-License-Identifier: Apache-2.0
/*
 * IKEv1 on the wire: two engines of the reference, whose messages are opened with the key of the cipher,
 * whether the cookie is said beside it or not; a message that comes again, and a second exchange, do not
 * lead the chains of blocks astray.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "ref/isakmp/isakmp_world.h"
#include "testbed/interop/facts.h"
#include "testbed/interop/wiretap_frames.h"

struct stage {
	struct old_world o;
	struct film film;
	struct wiretap tap;
	char keys[TEST_PATH]; /* file */
};

/* Delivers until nothing flies; the message of that number crosses the wire twice. */
static void settle(struct stage *s, size_t twice)
{
	while (s->o.w.air.count) {
		struct flying f = air_take(&s->o.w.air, 0);
		film_add_message(&s->film, &f);
		if (s->film.capture.count == twice)
			film_add_message(&s->film, &f);
		old_deliver(&s->o, &f);
	}
}

static void log_key(struct stage *s, const struct isakmp_sa *sa, bool cookie)
{
	const struct isakmp_keys *k = isakmp_sa_keys(sa);
	FILE *f = fopen(s->keys, "ae");

	assert_non_null(f);
	fprintf(f, "no key\n,%064x\n", 1); /* one of another SA comes first */
	if (cookie)
		fprintf(f, "%016llx", (unsigned long long)isakmp_sa_cky_i(sa));
	fputc(',', f);
	for (size_t i = 0; i < k->cipher_size; i++)
		fprintf(f, "%02x", k->cipher[i]);
	fputc('\n', f);
	fclose(f);
}

static void begin(struct stage *s, size_t twice)
{
	memset(s, 0, sizeof(*s));
	s->film.clock = 1000 * BTIME_S;
	strcpy(s->keys, "baton-wiretap-test");
	close(test_file(s->keys, ""));
	old_init(&s->o, 1);
	old_begin(&s->o);
	wiretap_init(&s->tap, initiator_mac);
	old_initiate(&s->o, &s->o.w.a);
	settle(s, twice);
	assert_true(old_up(&s->o));
}

static void finish(struct stage *s)
{
	unlink(s->keys);
	wiretap_free(&s->tap);
	old_end(&s->o);
}

static const char *label(const struct stage *s, size_t i)
{
	static char text[400];

	assert_true(i < s->tap.count);
	return wiretap_label(&s->tap.messages[i], text, sizeof(text));
}

static enum sight look(struct stage *s, const char *name)
{
	const struct evidence e = { .wire = &s->tap };
	char instead[200] = "";

	return fact_named(name)->look(&e, instead, sizeof(instead));
}

static void open_all(struct stage *s)
{
	wiretap_read(&s->tap, &s->film.capture);
	film_free(&s->film); /* what was read from it stays */
	assert_int_equal(wiretap_take_keys(&s->tap, s->keys), 2);
	wiretap_open(&s->tap);
}

static void test_opened(bool cookie, size_t twice)
{
	static struct stage s;
	size_t extra = twice ? 1 : 0;

	begin(&s, twice);
	log_key(&s, old_sa(&s.o.w.a), cookie);
	old_kind(&s.o, &s.o.w.a, IKE_EVENT_DELETE);
	settle(&s, 0);
	open_all(&s);
	assert_string_equal(label(&s, 4), "Main mode ID HASH");
	assert_string_equal(label(&s, 5 + extra), "Main mode ID HASH");
	assert_string_equal(label(&s, 6 + extra), "Informational HASH N(INITIAL-CONTACT)");
	assert_string_equal(label(&s, 7 + extra), "Quick mode HASH SA NONCE ID ID");
	assert_string_equal(label(&s, 9 + extra), "Quick mode HASH");
	assert_string_equal(label(&s, s.tap.count - 1), "Informational HASH D");
	assert_int_equal(look(&s, "main-mode"), SIGHT_YES);
	assert_int_equal(look(&s, "psk-v1"), SIGHT_YES);
	assert_int_equal(look(&s, "signature-v1"), SIGHT_NO);
	assert_true(wiretap_write_keys(&s.tap, s.keys));
	finish(&s);
}

static void test_with_cookie(void **state)
{
	(void)state;
	test_opened(true, 0);
}

static void test_without_cookie(void **state)
{
	(void)state;
	test_opened(false, 0);
}

static void test_repeated(void **state)
{
	(void)state;
	test_opened(false, 5); /* the first encrypted one, number 4 from 0 */
}

static void test_without_keys(void **state)
{
	static struct stage s;

	(void)state;
	begin(&s, 0);
	wiretap_read(&s.tap, &s.film.capture);
	film_free(&s.film);
	wiretap_open(&s.tap);
	assert_string_equal(label(&s, 4), "Main mode (not opened)");
	assert_int_equal(look(&s, "main-mode"), SIGHT_YES);
	assert_false(wiretap_write_keys(&s.tap, s.keys));
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_cookie),
		cmocka_unit_test(test_without_cookie),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_without_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
