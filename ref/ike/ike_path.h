// SPDX-License-Identifier: Apache-2.0
/*
 * Where the answer to a request is to go when the requester is not where ordinary routing would look
 * for it (docs/reply-path.md; section numbers are of that document). The way is told in each request,
 * and nothing is kept of it.
 *
 * A way is a struct endpoint without port: AF_PACKET, a link-layer address of where the request came
 * in; AF_INET or AF_INET6, an address to which the answer is tunnelled; family 0, none.
 */
#ifndef BATON_IKE_IKE_PATH_H
#define BATON_IKE_IKE_PATH_H

#include "ref/base/engine.h"
#include "ref/base/wire.h"

enum ike_path_header { IKE_PATH_VERSION, IKE_PATH_KIND, IKE_PATH_LENGTH };

enum ike_path_element {
	IKE_PATH_LINK_ADDRESS = 1,
	IKE_PATH_CARE_OF_IPV4,
	IKE_PATH_CARE_OF_IPV6,
};

/* What a responder goes along with, or-ed. */
enum ike_path_allowed { IKE_PATH_LINK = 1, IKE_PATH_CARE_OF = 2 };

#define IKE_PATH_DATA_MAX 32

extern const struct protocol ike_path_protocol;

/* The notification's data: structure, and that it names one way (§3). 0 or -1 with *reject (may be
 * NULL). */
int ike_path_decode(struct view data, struct packet *packet, struct reject *reject);

/* The way that decoded data names. */
struct endpoint ike_path_of(const struct packet *packet);

/* Writes data that names the way, which must be one. */
void ike_path_encode(const struct endpoint *way, struct writer *w);

/* Which bit of enum ike_path_allowed the way needs; 0: it is none. */
unsigned ike_path_kind(const struct endpoint *way);

/* §4: whether an answer may go there that would otherwise leave from `local` to `peer`. False with
 * *reject: the request is not answered. */
bool ike_path_possible(const struct endpoint *way, const struct endpoint *local,
	const struct endpoint *peer, struct reject *reject);

#endif
