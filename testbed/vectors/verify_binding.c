// SPDX-License-Identifier: Apache-2.0
#include "ref/binding/binding_wire.h"
#include "testbed/vectors/codec.h"

struct finding verify_binding(const struct vector *v, const struct decoded *d)
{
	bool good = binding_verify(&d->packet, v->octets, v->group->key);

	if (!v->has_auth || good == v->auth_valid)
		return finding_none();
	return finding_of(CHECK_DIFFERS, "Authenticator: expected %s, actual %s",
		v->auth_valid ? "right" : "wrong", good ? "right" : "wrong");
}
