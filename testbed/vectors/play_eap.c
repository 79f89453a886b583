// SPDX-License-Identifier: Apache-2.0
/* EAP: the reference peer and the reference server. */
#include "ref/eap/eap_packet.h"
#include "testbed/vectors/play.h"

/* "Response[EAP-MD5]", "Success". */
static void add_packet(struct played *played, struct view octets)
{
	struct eap_packet p;

	if (eap_decode(octets, &p, NULL) < 0) {
		played_add(played, "?", NULL, octets);
		return;
	}
	const char *code = field_value_name(&eap_protocol.header[0], p.code);
	bool typed = p.code == EAP_CODE_REQUEST || p.code == EAP_CODE_RESPONSE;
	played_add(played, code, typed ? eap_type_name(p.type) : NULL, octets);
}

/* What an end that has taken a packet leaves behind. Its results are told in small letters when no
 * packet tells them. */
static void take_status(struct played *played, const struct eap_end *end)
{
	switch (end->status) {
	case EAP_WAITING:
		break;
	case EAP_OUTPUT:
		add_packet(played, end->output);
		break;
	case EAP_SUCCESS:
	case EAP_FAILURE:
		if (end->output.size)
			add_packet(played, end->output);
		else
			played_add(played, end->status == EAP_SUCCESS ? "success" : "failure", NULL,
				VIEW_EMPTY);
		break;
	}
}

static void give(struct eap_end *end, struct view packet, struct reject *reject)
{
	end->status = EAP_WAITING; /* a packet that is discarded leaves it so */
	end->ops->input(end, packet, reject);
}

struct finding play_eap(const struct vector *v)
{
	struct played played = {0};
	struct play_eap play;
	char why[256];

	struct finding f = finding_none();
	if (play_eap_begin(&play, v->group, (uint8_t)v->place.identifier, v->to_server, why,
		    sizeof(why)) < 0) {
		play_eap_end(&play);
		return finding_of(CHECK_OUTSIDE, "%s", why);
	}
	struct eap_end *end = play_eap_new(&play);
	end->ops->start(end);
	for (size_t i = 0; i < v->place.before_count && f.verdict == CHECK_AGREES; i++) {
		struct reject reject = {0};
		give(end, v->place.before[i], &reject);
		if (reject.reason != REJECT_NONE)
			f = finding_of(CHECK_DIFFERS, "packet %zu of those before: rejected: %s",
				i + 1, reject_name(reject.reason));
	}
	if (f.verdict == CHECK_AGREES) {
		give(end, v->octets, &played.reject);
		take_status(&played, end);
		f = played_compare(v, &played);
	}
	eap_destroy(end);
	play_eap_end(&play);
	return f;
}
