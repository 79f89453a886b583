// SPDX-License-Identifier: Apache-2.0
#include "testbed/suite/settings.h"

static int place_of(const char *name)
{
	for (int i = 0; contract_settings[i].name; i++)
		if (strcmp(contract_settings[i].name, name) == 0)
			return i;
	return -1;
}

static void set(struct settings *s, const char *side, const char *name, const char *value)
{
	int i = place_of(name);

	if (i < 0)
		return;
	if (!side || strcmp(side, "sut") == 0)
		s->value[SIDE_SUT][i] = value;
	if (!side || strcmp(side, "tester") == 0)
		s->value[SIDE_TESTER][i] = value;
}

static const struct {
	const char *method, *feature;
	bool keys;
} methods[] = {
	{ "EAP-PSK", "eap-psk", true },
	{ "EAP-TLS", "eap-tls", true },
	{ "EAP-MD5", "eap-md5", false },
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

void settings_resolve(const struct test *test, const struct manifest *m,
	const struct manifest_role *role, struct settings *out)
{
	*out = (struct settings){ 0 };
	for (const struct contract_setting *c = contract_settings; c->name; c++)
		set(out, NULL, c->name, c->standard);
	for (size_t i = METHODS; i-- > 0;)
		if (manifest_claims(role, methods[i].feature))
			set(out, NULL, "eap", methods[i].method);
	for (size_t i = 0; i < m->setting_count; i++)
		set(out, NULL, m->settings[i].name, m->settings[i].value);
	for (size_t i = 0; i < test->givens.count; i++)
		set(out, test->givens.list[i].side, test->givens.list[i].name,
			test->givens.list[i].value);
}

const char *settings_get(const struct settings *s, enum side side, const char *name)
{
	int i = place_of(name);
	return i < 0 ? NULL : s->value[side][i];
}

struct settings_tls settings_tls(const char *authority, const char *certificate, const char *owner)
{
	bool good = !certificate || strcmp(certificate, "good") == 0;
	const char *kind = good ? "" : certificate, *dash = good ? "" : "-";
	struct settings_tls t;

	snprintf(t.authority, sizeof(t.authority), "%s",
		!authority || strcmp(authority, "good") == 0 ? "ca.pem" : "other-ca.pem");
	snprintf(t.certificate, sizeof(t.certificate), "%s%s%s.pem", kind, dash, owner);
	snprintf(t.key, sizeof(t.key), "%s%s%s.key", kind, dash, owner);
	return t;
}

static bool has(const struct manifest_role *role, const char *feature, const char *method)
{
	if (strcmp(feature, "netns") == 0)
		return true;
	if (strcmp(feature, "keys") != 0)
		return manifest_claims(role, feature);
	for (size_t i = 0; i < METHODS; i++)
		if (strcmp(methods[i].method, method) == 0)
			return methods[i].keys;
	return false;
}

static bool has_all(const struct test *test, const struct manifest_role *role, const char *method,
	char *why, size_t size)
{
	for (size_t i = 0; i < test->needs.count; i++) {
		const char *feature = test->needs.list[i].text;
		if (has(role, feature, method))
			continue;
		if (strcmp(feature, "keys") == 0)
			snprintf(why, size, "the test needs keys, and %s derives none", method);
		else
			snprintf(why, size, "the test needs %s, and the manifest does not claim it",
				feature);
		return false;
	}
	return true;
}

bool settings_supported(const struct settings *s, const struct test *test,
	const struct manifest_role *role, bool by_eap, char *why, size_t size)
{
	const char *method = settings_get(s, SIDE_SUT, "eap");

	if (!by_eap)
		return has_all(test, role, method ? method : "", why, size);
	if (!method) {
		snprintf(why, size, "the manifest claims no EAP method for the role %s",
			role->name);
		return false;
	}
	for (size_t i = 0; i < METHODS; i++) {
		if (strcmp(methods[i].method, method) == 0 &&
			!manifest_claims(role, methods[i].feature)) {
			snprintf(why, size, "the test runs with %s, and the manifest does not "
				"claim %s", method, methods[i].feature);
			return false;
		}
	}
	return has_all(test, role, method, why, size);
}
