// SPDX-License-Identifier: Apache-2.0
/* Attributes of RADIUS, and elements as our own dissector shows them. */
#include <stdlib.h>
#include <string.h>

#include "testbed/vectors/dissect.h"

static bool is_named(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp(pdml_attribute(n, "name"), name) == 0;
}

/* --- RADIUS ----------------------------------------------------------------------------------- */

/* The octets of an attribute are all there, type and length included. */
static struct finding compare_attribute(const xmlNode *avp, const struct vector_element *want)
{
	struct finding f = finding_same(
		"type of an attribute", want->code, pdml_shown(avp, "radius.avp.type"));
	const char *octets = pdml_attribute(avp, "value");

	if (f.verdict == CHECK_AGREES)
		f = finding_same("length of an attribute", want->length,
			pdml_shown(avp, "radius.avp.length"));
	if (f.verdict == CHECK_AGREES &&
		(strlen(octets) < 4 || !pdml_same_octets(octets + 4, want->value)))
		f = finding_of(
			CHECK_DIFFERS, "value of attribute %u: actual %s", want->code, octets);
	return f;
}

/* What tshark, which knows the secret, thinks of the Response Authenticator. */
static struct finding compare_seal(const xmlNode *packet, const struct vector *v)
{
	const xmlNode *valid = pdml_below(packet, "radius.authenticator.valid");

	if (!v->sealed.has_authenticator || !valid)
		return finding_none();
	return finding_same("Response Authenticator is right", v->sealed.authenticator,
		strtoull(pdml_attribute(valid, "show"), NULL, 0));
}

struct finding dissect_radius(const xmlNode *packet, const struct vector *v)
{
	const xmlNode *first = pdml_below(packet, "radius.avp");
	struct finding f = finding_none();
	size_t count = 0;

	for (const xmlNode *n = first; n && f.verdict == CHECK_AGREES; n = n->next) {
		if (!is_named(n, "radius.avp"))
			continue;
		if (count < v->element_count)
			f = compare_attribute(n, &v->elements[count]);
		count++;
	}
	if (f.verdict == CHECK_AGREES)
		f = finding_same("number of attributes", v->element_count, count);
	return f.verdict == CHECK_AGREES ? compare_seal(packet, v) : f;
}

/* --- our own ---------------------------------------------------------------------------------- */

static struct finding compare_element(
	const xmlNode *shown, const char *const *names, const struct vector_element *want)
{
	const xmlNode *value = pdml_child(shown, names[3]);
	struct finding f =
		finding_same("code of an element", want->code, pdml_shown(shown, names[1]));

	if (f.verdict == CHECK_AGREES)
		f = finding_same(
			"length of an element", want->length, pdml_shown(shown, names[2]));
	if (f.verdict == CHECK_AGREES &&
		!pdml_same_octets(value ? pdml_attribute(value, "value") : "", want->value))
		f = finding_of(CHECK_DIFFERS, "value of element %u: actual %s", want->code,
			value ? pdml_attribute(value, "value") : "nothing");
	return f;
}

/* `names`: of the element, its code, length and value. */
static struct finding compare_elements(
	const xmlNode *packet, const struct vector *v, const char *const *names)
{
	struct finding f = finding_none();
	size_t count = 0;

	for (const xmlNode *n = pdml_below(packet, names[0]); n && f.verdict == CHECK_AGREES;
		n = n->next) {
		if (!is_named(n, names[0]))
			continue;
		if (count < v->element_count)
			f = compare_element(n, names, &v->elements[count]);
		count++;
	}
	if (f.verdict == CHECK_AGREES)
		f = finding_same("number of elements", v->element_count, count);
	return f;
}

struct finding dissect_dxi(const xmlNode *packet, const struct vector *v)
{
	static const char *const names[] = {"baton_dxi.element", "baton_dxi.element.code",
		"baton_dxi.element.length", "baton_dxi.element.value"};
	return compare_elements(packet, v, names);
}

struct finding dissect_ap_info(const xmlNode *packet, const struct vector *v)
{
	static const char *const names[] = {"baton_fap.element", "baton_fap.element.code",
		"baton_fap.element.length", "baton_fap.element.value"};
	return compare_elements(packet, v, names);
}

struct finding dissect_binding(const xmlNode *packet, const struct vector *v)
{
	static const char *const names[] = {"baton_rbp.element", "baton_rbp.element.code",
		"baton_rbp.element.length", "baton_rbp.element.value"};
	return compare_elements(packet, v, names);
}
