// SPDX-License-Identifier: Apache-2.0
/*
 * tshark -T pdml: a <packet> for each frame, in it a <proto name="pana"> with <field>s that carry
 * name, show (as printed) and value (octets in hexadecimal). AVPs are unnamed fields inside one
 * unnamed field; a value that another dissector took over (EAP) is a <proto> inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/vectors/pdml.h"

extern char **environ;

struct pdml {
	xmlDoc *doc;
	xmlNode **packets;
	size_t count;
};

#define AGREES ((struct finding){.verdict = CHECK_AGREES})

/* --- running tshark --------------------------------------------------------------------------- */

static int spawn_tshark(const char *capture, int out, int err, pid_t *pid)
{
	char *argv[] = {"tshark", "-n", "-r", (char *)capture, "-T", "pdml", NULL};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	int failed = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* The last line that tshark wrote to standard error, for a message. */
static void last_words(FILE *err, char *out, size_t size)
{
	char line[512];

	snprintf(out, size, "no reason given");
	rewind(err);
	while (fgets(line, sizeof(line), err)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && !strstr(line, "Running as user"))
			snprintf(out, size, "%s", line);
	}
}

/* The PDML of the capture in an anonymous file; NULL with `error` filled. */
static FILE *run_tshark(const char *capture, char *error, size_t size)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char words[512];
	pid_t pid = -1;
	int status = 0;

	if (!out || !err)
		abort();
	int failed = spawn_tshark(capture, fileno(out), fileno(err), &pid);
	while (!failed && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (failed) {
		snprintf(error, size, "tshark: %s; apt install tshark", strerror(failed));
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		last_words(err, words, sizeof(words));
		snprintf(error, size, "%s: tshark ended with %s %d: %s", capture,
			WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), words);
	} else {
		fclose(err);
		return out;
	}
	fclose(out);
	fclose(err);
	return NULL;
}

/* --- walking the tree ------------------------------------------------------------------------- */

static bool is_called(const xmlNode *node, const char *element)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, element) == 0;
}

/* An attribute's text, owned by the tree; "" when it is not there. */
static const char *attribute(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (strcmp((const char *)a->name, name) == 0 && a->children && a->children->content)
			return (const char *)a->children->content;
	return "";
}

/* The first child element with that name attribute, at any element name. */
static xmlNode *child_named(const xmlNode *parent, const char *name)
{
	for (xmlNode *n = parent ? parent->children : NULL; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && strcmp(attribute(n, "name"), name) == 0)
			return n;
	return NULL;
}

static uint64_t shown_number(const xmlNode *parent, const char *name)
{
	const xmlNode *n = child_named(parent, name);
	return n ? strtoull(attribute(n, "show"), NULL, 0) : UINT64_MAX;
}

static uint64_t value_number(const xmlNode *parent, const char *name)
{
	const xmlNode *n = child_named(parent, name);
	return n ? strtoull(attribute(n, "value"), NULL, 16) : UINT64_MAX;
}

/* "Flags: 0xa000": show is cut to 8 bits by tshark 4.0, showname is not. */
static uint64_t flags_number(const xmlNode *proto)
{
	const xmlNode *n = child_named(proto, "pana.flags");
	const char *text = n ? strstr(attribute(n, "showname"), "0x") : NULL;
	return text ? strtoull(text, NULL, 16) : UINT64_MAX;
}

struct pdml *pdml_read(const char *capture, char *error, size_t size)
{
	FILE *stream = run_tshark(capture, error, size);

	if (!stream)
		return NULL;
	rewind(stream);
	struct pdml *pdml = calloc(1, sizeof(*pdml));
	if (!pdml)
		abort();
	lseek(fileno(stream), 0, SEEK_SET);
	pdml->doc = xmlReadFd(fileno(stream), capture, NULL,
		XML_PARSE_HUGE | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	fclose(stream);
	xmlNode *root = pdml->doc ? xmlDocGetRootElement(pdml->doc) : NULL;
	if (!root) {
		snprintf(error, size, "%s: tshark wrote no PDML", capture);
		pdml_free(pdml);
		return NULL;
	}
	for (xmlNode *n = root->children; n; n = n->next)
		pdml->count += is_called(n, "packet");
	pdml->packets = calloc(pdml->count + 1, sizeof(xmlNode *));
	if (!pdml->packets)
		abort();
	size_t i = 0;
	for (xmlNode *n = root->children; n; n = n->next)
		if (is_called(n, "packet"))
			pdml->packets[i++] = n;
	return pdml;
}

void pdml_free(struct pdml *pdml)
{
	if (!pdml)
		return;
	xmlFreeDoc(pdml->doc);
	free(pdml->packets);
	free(pdml);
}

size_t pdml_count(const struct pdml *pdml)
{
	return pdml->count;
}

/* --- comparing -------------------------------------------------------------------------------- */

static struct finding same(const char *field, uint64_t expected, uint64_t actual)
{
	if (expected == actual)
		return AGREES;
	if (actual == UINT64_MAX)
		return finding_of(
			CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual nothing", field, expected);
	return finding_of(CHECK_DIFFERS, "%s: expected %" PRIu64 ", actual %" PRIu64, field,
		expected, actual);
}

static bool same_octets(const char *hex, struct view octets)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(hex) != 2 * octets.size)
		return false;
	for (size_t i = 0; i < octets.size; i++)
		if (hex[2 * i] != digits[octets.data[i] >> 4] ||
			hex[2 * i + 1] != digits[octets.data[i] & 15])
			return false;
	return true;
}

/* The last child field, which is the value, when there is one beside the AVP's header. */
static const xmlNode *value_of(const xmlNode *avp)
{
	static const char *const header[] = {
		"pana.avp.flags", "pana.avp.data_length", "pana.avp.reserved", "pana.avp.vendorid"};
	const xmlNode *last = NULL;

	for (const xmlNode *n = avp->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			last = n;
	if (!last || last == child_named(avp, "pana.avp.code"))
		return NULL;
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		if (strcmp(attribute(last, "name"), header[i]) == 0)
			return NULL;
	return last;
}

static struct finding compare_value(const xmlNode *avp, const struct vector_avp *want)
{
	const xmlNode *value = value_of(avp), *eap = child_named(value, "eap");
	char head[16];

	if (want->value.size == 0)
		return AGREES;
	if (!value)
		return finding_of(CHECK_DIFFERS,
			"value of AVP %u: expected %zu octets, actual none", want->code,
			want->value.size);
	if (eap) {
		const xmlNode *code = child_named(eap, "eap.code"),
			      *id = child_named(eap, "eap.id"), *len = child_named(eap, "eap.len");
		snprintf(head, sizeof(head), "%s%s%s", code ? attribute(code, "value") : "",
			id ? attribute(id, "value") : "", len ? attribute(len, "value") : "");
		if (want->value.size >= 4 && !same_octets(head, VIEW(want->value.data, 4)))
			return finding_of(CHECK_DIFFERS, "EAP header: actual %s", head);
		return AGREES;
	}
	if (child_named(value, "pana") || same_octets(attribute(value, "value"), want->value))
		return AGREES;
	return finding_of(
		CHECK_DIFFERS, "value of AVP %u: actual %s", want->code, attribute(value, "value"));
}

static struct finding compare_avp(const xmlNode *avp, const struct vector_avp *want)
{
	const struct {
		const char *field;
		uint64_t expected, actual;
	} rows[] = {
		{"AVP Code", want->code, shown_number(avp, "pana.avp.code")},
		{"AVP Flags", want->flags, shown_number(avp, "pana.avp.flags")},
		{"AVP Length", want->length, shown_number(avp, "pana.avp.data_length")},
		{"AVP Reserved", want->reserved, value_number(avp, "pana.avp.reserved")},
		{"Vendor-Id", want->has_vendor ? want->vendor : UINT64_MAX,
			shown_number(avp, "pana.avp.vendorid")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = same(rows[i].field, rows[i].expected, rows[i].actual);
		if (f.verdict != CHECK_AGREES)
			return f;
	}
	return compare_value(avp, want);
}

static struct finding compare_avps(const xmlNode *proto, const struct vector *v)
{
	const xmlNode *list = child_named(proto, "");
	size_t count = 0;

	for (const xmlNode *n = list ? list->children : NULL; n; n = n->next) {
		if (!is_called(n, "field"))
			continue;
		if (count < v->avp_count) {
			struct finding f = compare_avp(n, &v->avps[count]);
			if (f.verdict != CHECK_AGREES)
				return f;
		}
		count++;
	}
	return same("number of AVPs", v->avp_count, count);
}

static struct finding compare_header(const xmlNode *proto, const struct vector *v)
{
	const struct vector_header *h = &v->header;
	const struct {
		const char *field;
		uint64_t expected, actual;
	} rows[] = {
		{"Reserved", h->reserved, value_number(proto, "pana.reserved")},
		{"Message Length", h->length, shown_number(proto, "pana.length")},
		{"Flags", h->flags, flags_number(proto)},
		{"Message Type", h->type, shown_number(proto, "pana.type")},
		{"Session Identifier", h->session, shown_number(proto, "pana.sid")},
		{"Sequence Number", h->sequence, shown_number(proto, "pana.seq")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = same(rows[i].field, rows[i].expected, rows[i].actual);
		if (f.verdict != CHECK_AGREES)
			return f;
	}
	return AGREES;
}

struct finding pdml_compare(const struct pdml *pdml, size_t index, const struct vector *v)
{
	const xmlNode *packet = pdml->packets[index], *proto = child_named(packet, "pana");
	bool malformed = child_named(packet, "_ws.malformed") != NULL;
	bool taken = proto && !malformed;

	if (!v->has_header)
		return taken ? finding_of(CHECK_DIFFERS, "expected rejected: %s (%s), actual taken",
				       v->rule.text, v->rule.clause)
			     : AGREES;
	if (!taken)
		return finding_of(CHECK_DIFFERS, "expected dissected as PANA, actual %s",
			malformed ? "malformed" : "not taken for PANA");
	struct finding f = compare_header(proto, v);
	return f.verdict == CHECK_AGREES ? compare_avps(proto, v) : f;
}
