// SPDX-License-Identifier: Apache-2.0
/* Client and agent against each other on a network that loses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/pana/pana_mpa.h"
#include "ref/pana/pana_world.h"

static void authenticate(struct world *w)
{
	assert_int_equal(world_event(w, PAC_AUTHENTICATE), 0);
	world_settle(w);
}

static void assert_open(struct world *w)
{
	assert_string_equal(pac_state_name(w->pac), "OPEN");
	assert_non_null(w->session);
	assert_string_equal(paa_session_state(w->session), "OPEN");
}

static void assert_same_keys(struct world *w)
{
	const struct pana_session_keys *a = pac_keys(w->pac);
	const struct pana_session_keys *b = paa_session_keys(w->session);

	assert_non_null(a);
	assert_non_null(b);
	assert_memory_equal(a, b, sizeof(*a));
}

static void test_authenticates(void **state)
{
	struct world w;
	(void)state;
	world_init(&w, 1);
	world_begin(&w);
	authenticate(&w);
	assert_open(&w);
	assert_same_keys(&w);
	assert_true(world_saw(&w, false, PANA_REPORT_AUTHENTICATED));
	assert_true(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
	assert_int_equal(pac_session_id(w.pac), paa_session_id(w.session));
	assert_string_equal(paa_session_identity(w.session), "mn1@example");
	assert_int_equal(pac_access(w.pac), PANA_AUTHORISED);
	assert_int_equal(paa_half_open(w.paa), 0);
	/* PCI, three times PAR and PAN with EAP, the last two, and the initial two */
	assert_int_equal(w.sent, 1 + 2 + 4 + 2);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authenticates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
