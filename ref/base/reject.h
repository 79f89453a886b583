// SPDX-License-Identifier: Apache-2.0
/*
 * Why a packet was not taken: one list for all protocols. A decoder or engine rejects at one exit,
 * with the reason, the field, its offset and its value; whoever owns the engine counts by reason.
 */
#ifndef BATON_BASE_REJECT_H
#define BATON_BASE_REJECT_H

#include <stddef.h>
#include <stdint.h>

/*   symbol                 name that users see        in words */
#define REJECT_REASONS(X)                                                                          \
	X(NONE, "none", "taken")                                                                   \
	X(TRUNCATED, "truncated", "the packet ends inside this field")                             \
	X(LENGTH, "bad-length", "the length field does not match what is there")                   \
	X(PADDING, "bad-padding", "the padding to the next boundary is missing")                   \
	X(TRAILING, "trailing-octets", "octets follow the end of the message")                     \
	X(VALUE, "bad-value", "the value is outside the bounds of the field")                      \
	X(VERSION, "bad-version", "the version is not supported")                                  \
	X(TYPE, "unknown-type", "no message has this type")                                        \
	X(FLAGS, "bad-flags", "this message does not exist with these flags")                      \
	X(MISSING, "missing-element", "a required element is not there")                           \
	X(REPEATED, "repeated-element", "the element occurs more often than allowed")              \
	X(UNEXPECTED, "unexpected-element", "the element is not allowed in this message")          \
	X(UNKNOWN_ELEMENT, "unknown-element", "a mandatory element is not known")                  \
	X(POSITION, "misplaced-element", "the element stands at a place where it must not")        \
	X(TOO_MANY, "too-many-elements", "more elements than a decoder keeps")                     \
	X(SESSION, "unknown-session", "no session has this identifier")                            \
	X(SEQUENCE, "bad-sequence-number", "the sequence number is not the expected one")          \
	X(STATE, "wrong-state", "the message has no place in the present state")                   \
	X(INTEGRITY, "bad-integrity", "the integrity value does not verify")                       \
	X(NO_INTEGRITY, "missing-integrity", "the message must be protected and is not")           \
	X(REPLAY, "replayed", "the message was taken before")                                      \
	X(STALE, "stale", "the message is older than what was taken before")                       \
	X(ALGORITHM, "unknown-algorithm", "none of the offered algorithms is supported")           \
	X(KEY, "unknown-key", "no key has this identifier")                                        \
	X(IDENTITY, "unknown-identity", "nobody has this identity")                                \
	X(ADDRESS, "wrong-address", "the message comes from an address it must not come from")     \
	X(RATE, "rate-limited", "more messages than this sender is allowed")                       \
	X(RESOURCES, "out-of-resources", "no room for another session")                            \
	X(REFUSED, "refused", "the policy of this node does not allow it")

enum reject_reason {
#define X(symbol, name, words) REJECT_##symbol,
	REJECT_REASONS(X)
#undef X
	// clang-format off
	REJECT_COUNT
	// clang-format on
};

struct reject {
	enum reject_reason reason;
	const char *field;   /* its name in the specification, or NULL */
	const char *section; /* the rule that was broken, or NULL */
	size_t offset;	     /* of the field in the message */
	uint64_t value;	     /* what was found there, where that is a number */
};

/* "bad-length": the name for logs, counters, vectors and suites. Static. */
const char *reject_name(enum reject_reason reason);

/* One sentence for people. Static. */
const char *reject_words(enum reject_reason reason);

/* The reason of that name; REJECT_COUNT if there is none. */
enum reject_reason reject_by_name(const char *name);

/*
 * The one exit: fills `*reject` unless it is NULL or already tells an earlier reason, and returns
 * -1, so that a caller can write `return reject_set(...)`.
 */
int reject_set(struct reject *reject, enum reject_reason reason, const char *field,
	const char *section, size_t offset, uint64_t value);

/*
 * "bad-length: the length field ...: Message Length at octet 2 is 20 (RFC 5191 §6.2)" into `out`
 * of `size` octets, always terminated. Returns `out`.
 */
const char *reject_text(const struct reject *reject, char *out, size_t size);

#endif
