// SPDX-License-Identifier: Apache-2.0
/*
 * An EAP conversation of a made-up method, for tests, fuzzing and benchmarks of PANA alone: the
 * server sends `rounds` requests (type 254, one octet that counts), the peer answers each, and
 * both then know an MSK that is a function of `secret`. No security whatsoever.
 */
#ifndef BATON_PANA_PANA_FAKE_EAP_H
#define BATON_PANA_PANA_FAKE_EAP_H

#include <stdio.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap.h"

struct fake_eap_script {
	unsigned rounds; /* 1 to 200 */
	bool keyed;
	bool fail;	/* the server ends with EAP-Failure */
	bool silent;	/* ... with no packet at all */
	bool slow;	/* the end waits until fake_eap_wake */
	bool refuse;	/* the peer ends in failure at the first request */
	bool none;	/* there is no end to be had */
	size_t padding; /* octets in each packet */
	uint32_t secret;
};

struct fake_eap {
	struct eap_end end;
	struct fake_eap_script script;
	bool server;
	unsigned done; /* rounds */
	unsigned run;
	uint8_t packet[2048];
};

/* Makes the end's output: request, response (with `data`) or result. */
static inline void fake_eap_packet(struct fake_eap *f, uint8_t code, unsigned id, bool data)
{
	size_t size = data ? 6 + f->script.padding : 4;

	f->packet[0] = code;
	f->packet[1] = (uint8_t)id;
	f->packet[2] = (uint8_t)(size >> 8);
	f->packet[3] = (uint8_t)size;
	memset(f->packet + 4, 0, sizeof(f->packet) - 4);
	if (data) {
		f->packet[4] = 254;
		f->packet[5] = (uint8_t)f->done;
	}
	f->end.output = VIEW(f->packet, size);
}

/* Derives the MSK. */
static inline void fake_eap_key(struct fake_eap *f)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", f->script.secret);
	prf_plus(DIGEST_SHA256, view_text("fake"), view_text(text), f->end.msk, EAP_MSK_SIZE);
	f->end.has_key = true;
	f->end.method = "fake";
}

/* Begins, or begins anew. */
static inline enum eap_status fake_eap_start(struct eap_end *end)
{
	struct fake_eap *f = (struct fake_eap *)end;

	f->done = 0;
	end->has_key = false;
	end->output = VIEW_EMPTY;
	if (!f->server)
		return end->status = EAP_WAITING;
	fake_eap_packet(f, 1, 1, true);
	return end->status = f->script.slow ? EAP_WAITING : EAP_OUTPUT;
}

/* The server after a response: the next request, or the end. */
static inline enum eap_status fake_eap_server(struct fake_eap *f)
{
	f->done++;
	if (f->done < f->script.rounds) {
		fake_eap_packet(f, 1, f->done + 1, true);
		return EAP_OUTPUT;
	}
	if (f->script.silent) {
		f->end.output = VIEW_EMPTY;
		return EAP_FAILURE;
	}
	fake_eap_packet(f, f->script.fail ? 4 : 3, f->done, false);
	if (f->script.fail)
		f->end.failure = "the script says so";
	else if (f->script.keyed)
		fake_eap_key(f);
	return f->script.fail ? EAP_FAILURE : EAP_SUCCESS;
}

/* The peer after a request (its response) or a result. */
static inline enum eap_status fake_eap_peer(struct fake_eap *f, uint8_t code)
{
	if (code != 1)
		return code == 3 ? EAP_SUCCESS : EAP_FAILURE;
	if (f->script.refuse) {
		f->end.failure = "the server is not to be trusted";
		return EAP_FAILURE;
	}
	f->done++;
	fake_eap_packet(f, 2, f->done, true);
	if (f->done == f->script.rounds && f->script.keyed)
		fake_eap_key(f);
	return EAP_OUTPUT;
}

/* Takes a packet; one out of turn is discarded. */
static inline enum eap_status fake_eap_input(struct eap_end *end, struct view packet,
	struct reject *reject)
{
	struct fake_eap *f = (struct fake_eap *)end;
	struct reader r = reader_of(packet);
	uint8_t code = read_u8(&r), id = read_u8(&r);
	uint16_t length = read_u16(&r);
	bool mine = f->server ? code == 2 && id == f->done + 1
			      : (code == 1 && id == f->done + 1) || code == 3 || code == 4;

	if (r.failed || length != packet.size || !mine ||
		(code == 3 && f->done < f->script.rounds)) {
		reject_set(reject, REJECT_VALUE, "EAP packet", "fake", 0, code);
		return end->status;
	}
	enum eap_status status = f->server ? fake_eap_server(f) : fake_eap_peer(f, code);
	return end->status = f->script.slow && status == EAP_OUTPUT ? EAP_WAITING : status;
}

/* Releases the end. */
static inline void fake_eap_destroy(struct eap_end *end)
{
	free(end);
}

/* What a slow end has ready is given now. */
static inline void fake_eap_wake(struct eap_end *end)
{
	end->status = EAP_OUTPUT;
}

/* An end that does what the script, which is copied, says; NULL when that says so. For
 * eap_destroy. */
static inline struct eap_end *fake_eap_new(bool server, const struct fake_eap_script *script)
{
	static const struct eap_end_ops ops = { fake_eap_start, fake_eap_input, fake_eap_destroy };
	struct fake_eap *f = script->none ? NULL : calloc(1, sizeof(*f));

	if (script->none)
		return NULL;
	if (!f)
		abort();
	f->end.ops = &ops;
	f->server = server;
	f->script = *script;
	snprintf(f->end.identity, sizeof(f->end.identity), "mn%u@example", script->secret);
	return &f->end;
}

#endif
