// SPDX-License-Identifier: Apache-2.0
/* One case of a file of vectors. */
#include <string.h>

#include "testbed/vectors/vectors_read.h"

static const struct vector_manner manners[] = {
	{"pana", {"paa->pac", "pac->paa"},
		{"fresh", "started", "authenticating", "open", "reauthenticating", "terminating"},
		"header", "avps", "AVP", 0},
	{"eap", {"server->peer", "peer->server"},
		{"fresh", "identity", "proposed", "method", "finished"}, "fields", NULL, NULL, 0},
	{"eapol", {"authenticator->supplicant", "supplicant->authenticator"}, {"any"}, "fields",
		NULL, NULL, 0},
	{"radius", {"server->client", "client->server"}, {"fresh", "waiting"}, "fields",
		"attributes", "attribute", 2},
	{"dot1x-over-ip", {"ap->station", "station->ap"},
		{"connected", "opening", "open", "authenticating"}, "fields", "elements", "element",
		0},
	{"binding", {"cn->mn", "mn->cn"}, {"any"}, "fields", "elements", "element", 0},
	{"ap-info", {"ap->station"}, {"any"}, "fields", "elements", "element", 0},
	{"ike", {"responder->initiator", "initiator->responder"}, {"any"}, "fields", "elements",
		"payload", 4},
	{"isakmp", {"responder->initiator", "initiator->responder"}, {"any"}, "fields", "elements",
		"payload", 4},
	{"address-change", {"correspondent->mover", "mover->correspondent"}, {"any"}, "fields",
		"elements", "element", 0},
	{"dhcp-over-ipsec", {"server->gateway", "host->gateway"}, {"any"}, "fields", "elements",
		"option", 0},
	{"tunnelled-change", {"correspondent->mover", "mover->correspondent"}, {"any"}, "fields",
		NULL, NULL, 0},
	{"reply-path", {"agent->mobile", "mobile->agent"}, {"any"}, "fields", "elements",
		"element", 0},
	{NULL, {NULL}, {NULL}, NULL, NULL, NULL, 0},
};

const struct vector_manner *vector_manner(const char *protocol)
{
	for (const struct vector_manner *m = manners; m->protocol; m++)
		if (strcmp(m->protocol, protocol) == 0)
			return m;
	return NULL;
}

static bool read_reason(struct source *s, const char *word, enum reject_reason *out)
{
	*out = reject_by_name(word);
	if (*out != REJECT_COUNT && *out != REJECT_NONE)
		return true;
	return source_wrong(s, "'%s' is no reason to reject; ref/base/reject.h lists them", word);
}

static bool read_rule(struct source *s, json_t *object, struct vector_rule *rule)
{
	static const char *const layers[] = {"decode", "message", "session", "auth", NULL};
	const char *layer = "", *reason = "";
	json_t *also = NULL;
	uint32_t offset = 0;
	int index;
	const struct member rows[] = {
		{"layer", MEMBER_TEXT, true, &layer, NULL},
		{"reason", MEMBER_TEXT, true, &reason, NULL},
		{"clause", MEMBER_TEXT, true, &rule->clause, NULL},
		{"text", MEMBER_TEXT, true, &rule->text, NULL},
		{"field", MEMBER_TEXT, false, &rule->field, NULL},
		{"offset", MEMBER_U32, false, &offset, &rule->has_offset},
		{"also", MEMBER_ARRAY, false, &also, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the rule", rows) ||
		!source_choice(s, "the layer of the rule", layer, layers, &index))
		return false;
	rule->layer = (enum vector_layer)index;
	rule->offset = offset;
	if (!read_reason(s, reason, &rule->reason))
		return false;
	for (size_t i = 0; i < json_array_size(also); i++) {
		const char *word = json_string_value(json_array_get(also, i));
		enum reject_reason other;
		if (!read_reason(s, word ? word : "", &other))
			return false;
		rule->also |= UINT64_C(1) << other;
	}
	return true;
}

static bool read_tolerance(struct source *s, json_t *object, struct vector *v)
{
	static const char *const levels[] = {"may", "must", NULL};
	const char *level = "";
	int index;
	const struct member rows[] = {
		{"level", MEMBER_TEXT, true, &level, NULL},
		{"clause", MEMBER_TEXT, true, &v->tolerance_clause, NULL},
		{"text", MEMBER_TEXT, true, &v->tolerance_text, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the tolerance", rows) ||
		!source_choice(s, "the level of the tolerance", level, levels, &index))
		return false;
	v->must_accept = index == 1;
	return true;
}

static bool read_numbers(struct source *s, json_t *array, struct vector_numbers *out)
{
	size_t most = sizeof(out->list) / sizeof(out->list[0]);

	out->count = json_array_size(array);
	if (out->count > most)
		return source_wrong(
			s, "%zu algorithms offered; at most %zu are kept", out->count, most);
	for (size_t i = 0; i < out->count; i++)
		if (!source_number(json_array_get(array, i), UINT32_MAX, &out->list[i]))
			return source_wrong(s, "an algorithm is not a number; it would be %s",
				"a number from 0 to 4294967295");
	return true;
}

static bool read_place(struct source *s, json_t *object, struct vector_place *place)
{
	const struct vector_manner *manner = vector_manner(s->file->protocol);
	json_t *offers = NULL, *prf = NULL, *integrity = NULL, *before = NULL;
	bool has_sequence = false;
	int index;
	const struct member rows[] = {
		{"needs", MEMBER_TEXT, true, &place->word, NULL},
		{"before", MEMBER_ARRAY, false, &before, NULL},
		{"identifier", MEMBER_U16, false, &place->identifier, NULL},
		{"exchange", MEMBER_U32, false, &place->exchange, &place->has_exchange},
		{"proxy", MEMBER_BOOLEAN, false, &place->proxy, NULL},
		{"session", MEMBER_U32, false, &place->session, &place->has_session},
		{"sequence", MEMBER_U32, false, &place->sequence, &has_sequence},
		{"preauth", MEMBER_BOOLEAN, false, &place->preauth, NULL},
		{"offers", MEMBER_OBJECT, false, &offers, &place->has_offers},
		{NULL, 0, 0, NULL, NULL},
	};
	const struct member offer_rows[] = {
		{"prf", MEMBER_ARRAY, true, &prf, NULL},
		{"integrity", MEMBER_ARRAY, true, &integrity, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "the state", rows) ||
		!source_choice(s, "what the state needs", place->word, manner->needs, &index))
		return false;
	place->needs = (enum vector_needs)index;
	if (place->has_session != has_sequence)
		return source_wrong(s,
			"the state has one of session and sequence; it would have both "
			"or neither");
	if (!read_octets_list(s, before, "what came before", &place->before, &place->before_count))
		return false;
	if (!offers)
		return true;
	return source_members(s, offers, "the offer", offer_rows) &&
	       read_numbers(s, prf, &place->prf) && read_numbers(s, integrity, &place->integrity);
}

/* --- decoded fields --------------------------------------------------------------------------- */

/* "message" and "letters" are for people; of the others a string is octets. */
static bool read_field(
	struct source *s, const char *name, json_t *value, struct vector *v, size_t *count)
{
	struct vector_field *field = (struct vector_field *)v->fields + *count;

	if (strcmp(name, "message") == 0) {
		v->message = json_string_value(value);
		return v->message || json_is_null(value) ||
		       source_wrong(s, "'message' is wrong; it would be a string or null");
	}
	if (strcmp(name, "letters") == 0)
		return json_is_string(value) ||
		       source_wrong(s, "'letters' is wrong; it would be a string");
	field->name = name;
	field->is_octets = json_is_string(value);
	field->number = (uint64_t)json_integer_value(value);
	if (field->is_octets ? !source_octets(s, value, &field->octets)
			     : !json_is_integer(value) || json_integer_value(value) < 0)
		return source_wrong(
			s, "'%s' is wrong; it would be a number or octets in hexadecimal", name);
	(*count)++;
	return true;
}

static bool read_fields(struct source *s, json_t *object, struct vector *v)
{
	const char *name;
	json_t *value;

	v->fields = source_keep(s, json_object_size(object), sizeof(*v->fields));
	json_object_foreach(object, name, value) if (!read_field(s, name, value, v,
							     &v->field_count)) return false;
	return json_object_get(object, "message") || source_wrong(s, "no 'message' among the "
								     "fields; it would be its name "
								     "or null");
}

static bool read_element(struct source *s, json_t *object, void *to)
{
	const struct vector_manner *manner = vector_manner(s->file->protocol);
	struct vector_element *e = to;
	bool pana = manner->length_extra == 0 && strcmp(manner->elements, "avps") == 0;
	const struct member rows[] = {
		{"code", MEMBER_U16, true, &e->code, NULL},
		{"name", MEMBER_TEXT_OR_NULL, true, &e->name, NULL},
		{"flags", MEMBER_U16, pana, &e->flags, NULL},
		{"length", MEMBER_U16, true, &e->length, NULL},
		{"reserved", MEMBER_U16, pana, &e->reserved, NULL},
		{"vendor", MEMBER_U32, false, &e->vendor, &e->has_vendor},
		{"next", MEMBER_U16, false, &e->next, NULL},
		{"value", MEMBER_HEX, true, &e->value, NULL},
		{"number", MEMBER_U32, false, NULL, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, manner->element, rows))
		return false;
	return e->value.size + manner->length_extra == e->length ||
	       source_wrong(s, "%s %u has %zu octets and length %u; they would agree",
		       manner->element, e->code, e->value.size, e->length);
}

/* --- reaction and keys ------------------------------------------------------------------------ */

static bool read_reactions(struct source *s, json_t *array, struct vector *v)
{
	size_t count = json_array_size(array);
	const char **reactions = source_keep(s, count, sizeof(*reactions));

	for (size_t i = 0; i < count; i++) {
		reactions[i] = json_string_value(json_array_get(array, i));
		if (!reactions[i])
			return source_wrong(s,
				"a reaction is not a string; it would be 'silence' or "
				"messages such as 'PAN PAR'");
	}
	if (count == 0)
		return source_wrong(s, "no reaction; it would be at least 'silence'");
	v->reactions = reactions;
	v->reaction_count = count;
	return true;
}

static bool read_auth(struct source *s, json_t *object, struct vector *v)
{
	uint32_t association = 0, exchange = 0;
	const struct member rows[] = {
		{"association", MEMBER_U32, false, &association, &v->has_association},
		{"valid", MEMBER_BOOLEAN, false, &v->auth_valid, NULL},
		{"exchange", MEMBER_U32, false, &exchange, &v->sealed.there},
		{"authenticator", MEMBER_BOOLEAN, false, &v->sealed.authenticator,
			&v->sealed.has_authenticator},
		{"message_authenticator", MEMBER_BOOLEAN, false, &v->sealed.message_authenticator,
			&v->sealed.has_message_authenticator},
		{NULL, 0, 0, NULL, NULL},
	};

	if (!source_members(s, object, "auth", rows))
		return false;
	bool pana = strcmp(s->file->protocol, "pana") == 0;
	if (pana != v->has_association)
		return source_wrong(s, "auth %s an association; those of PANA have one",
			pana ? "lacks" : "has");
	if (v->has_association && association >= v->group->association_count)
		return source_wrong(s, "association %u of %zu; they count from 0", association,
			v->group->association_count);
	if (v->sealed.there && exchange >= v->group->exchange_count)
		return source_wrong(s, "exchange %u of %zu; they count from 0", exchange,
			v->group->exchange_count);
	v->association = association;
	v->sealed.exchange = exchange;
	v->has_auth = true;
	return true;
}

/* The keys that a receiver finds in the message. */
static bool read_found(struct source *s, json_t *object, struct vector *v)
{
	const struct member rows[] = {
		{"recv", MEMBER_HEX, false, &v->recv_key, NULL},
		{"send", MEMBER_HEX, false, &v->send_key, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	return source_members(s, object, "keys of a case", rows);
}

/* What each result must have beside it. */
static bool check_result(struct source *s, const struct vector *v, bool rule, bool tolerance)
{
	if (rule != (v->result == VECTOR_INVALID))
		return source_wrong(s,
			"'%s' is %s and %s a rule; an invalid vector has one, others none", v->id,
			vector_result_word(v->result), rule ? "has" : "lacks");
	if (tolerance != (v->result == VECTOR_ACCEPTABLE))
		return source_wrong(s,
			"'%s' is %s and %s a tolerance; an acceptable vector has one, "
			"others none",
			v->id, vector_result_word(v->result), tolerance ? "has" : "lacks");
	bool boundaries = !rule || v->rule.layer != LAYER_DECODE;
	if (boundaries != v->has_fields)
		return source_wrong(s,
			"'%s' %s decoded fields; only octets without boundaries have none", v->id,
			v->has_fields ? "has" : "lacks");
	return true;
}

/* What goes beyond decoded fields, each if it is there. */
struct case_parts {
	json_t *rule, *tolerance, *state, *reaction, *auth, *keys, *fields, *elements;
};

static bool read_parts(struct source *s, const struct case_parts *p, struct vector *v)
{
	if (!read_place(s, p->state, &v->place))
		return false;
	if (v->place.has_exchange && v->place.exchange >= v->group->exchange_count)
		return source_wrong(s, "the state's exchange is %u of %zu; they count from 0",
			v->place.exchange, v->group->exchange_count);
	return (!p->rule || read_rule(s, p->rule, &v->rule)) &&
	       (!p->tolerance || read_tolerance(s, p->tolerance, v)) &&
	       read_reactions(s, p->reaction, v) &&
	       (!p->auth || read_auth(s, p->auth, v)) && (!p->keys || read_found(s, p->keys, v)) &&
	       (!p->fields || read_fields(s, p->fields, v)) &&
	       (!p->elements ||
		       read_list(s, p->elements, sizeof(*v->elements), read_element,
			       (const void **)&v->elements, &v->element_count)) &&
	       check_result(s, v, p->rule, p->tolerance);
}

bool read_vector(struct source *s, json_t *object, struct vector *v)
{
	static const char *const results[] = {"valid", "acceptable", "invalid", NULL};
	const struct vector_manner *manner = vector_manner(s->file->protocol);
	const char *result = "";
	struct case_parts p = {0};
	int index;
	const struct member rows[] = {
		{"id", MEMBER_TEXT, true, &v->id, NULL},
		{"comment", MEMBER_TEXT, true, &v->comment, NULL},
		{"direction", MEMBER_TEXT, true, &v->direction, NULL},
		{"bytes", MEMBER_HEX, true, &v->octets, NULL},
		{"result", MEMBER_TEXT, true, &result, NULL},
		{"rule", MEMBER_OBJECT, false, &p.rule, NULL},
		{"tolerance", MEMBER_OBJECT, false, &p.tolerance, NULL},
		{"state", MEMBER_OBJECT, true, &p.state, NULL},
		{"reaction", MEMBER_ARRAY, true, &p.reaction, NULL},
		{"reply", MEMBER_HEX, false, &v->reply, &v->has_reply},
		{"auth", MEMBER_OBJECT, false, &p.auth, NULL},
		{"eap", MEMBER_HEX, false, &v->eap, &v->has_eap},
		{"keys", MEMBER_OBJECT, false, &p.keys, &v->has_keys},
		{"pmk", MEMBER_U32, false, &v->pmk, &v->has_pmk},
		{"inside", MEMBER_HEX, false, &v->inside, &v->has_inside},
		{"iv", MEMBER_HEX, false, &v->iv, NULL},
		{manner->fields, MEMBER_OBJECT, false, &p.fields, &v->has_fields},
		{manner->elements ? manner->elements : "", MEMBER_ARRAY, false, &p.elements, NULL},
		{NULL, 0, 0, NULL, NULL},
	};

	const char *id = json_string_value(json_object_get(object, "id"));
	if (id)
		source_line(s, "id", id);
	v->line = s->line;
	if (!source_members(s, object, "a vector", rows) ||
		!source_choice(s, "the result", result, results, &index))
		return false;
	v->result = (enum vector_result)index;
	if (!source_choice(s, "the direction", v->direction, manner->directions, &index))
		return false;
	v->to_server = index == 1;
	if (v->has_pmk && v->pmk >= v->group->pmk_count)
		return source_wrong(s, "PMK %u of %zu; they count from 0", v->pmk,
			v->group->pmk_count);
	if (manner->elements && !p.fields != !p.elements)
		return source_wrong(s, "one of %s and %s; both belong together", manner->fields,
			manner->elements);
	return read_parts(s, &p, v);
}
