// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "testbed/vectors/show.h"

static void hex_line(struct view v, FILE *out)
{
	for (size_t i = 0; i < v.size; i++)
		fprintf(out, "%02x", v.data[i]);
}

static void hex_dump(struct view v, FILE *out)
{
	for (size_t at = 0; at < v.size; at += 16) {
		fprintf(out, "  %04zx ", at);
		for (size_t i = at; i < at + 16; i++)
			if (i < v.size)
				fprintf(out, "%s%02x", i % 4 ? "" : " ", v.data[i]);
			else
				fprintf(out, "%s  ", i % 4 ? "" : " ");
		fputs("  ", out);
		for (size_t i = at; i < at + 16 && i < v.size; i++)
			fputc(isprint(v.data[i]) ? v.data[i] : '.', out);
		fputc('\n', out);
	}
}

static void show_verdict(const struct vector *v, FILE *out)
{
	const struct vector_rule *r = &v->rule;

	fprintf(out, "result     %s", vector_result_word(v->result));
	if (v->result == VECTOR_INVALID) {
		fprintf(out, ": %s, %s (%s)\n", reject_name(r->reason), r->text, r->clause);
		fprintf(out, "seen by    %s", vector_layer_word(r->layer));
		if (r->field)
			fprintf(out, ", at %s", r->field);
		if (r->has_offset)
			fprintf(out, ", octet %zu", r->offset);
	} else if (v->result == VECTOR_ACCEPTABLE) {
		fprintf(out, ": %s be taken (%s): %s", v->must_accept ? "must" : "may",
			v->tolerance_clause, v->tolerance_text);
	}
	fputc('\n', out);
}

static const char *receiver_of(const struct vector *v)
{
	const char *arrow = strstr(v->direction, "->");
	return arrow ? arrow + 2 : v->direction;
}

static void show_seal(const char *name, bool verifies, const char *by, FILE *out)
{
	fprintf(out, "%s %s, by the %s of its group\n", name,
		verifies ? "verifies" : "does not verify", by);
}

static void show_seals(const struct vector *v, FILE *out)
{
	const struct vector_group *g = v->group;

	if (v->has_association)
		fprintf(out, "AUTH       %s, by key %u of group %s\n",
			v->auth_valid ? "verifies" : "does not verify",
			g->associations[v->association].key_id, g->name);
	else if (v->has_auth && !v->sealed.there)
		show_seal("Authenticator", v->auth_valid, "key", out);
	if (v->sealed.has_authenticator)
		show_seal("Authenticator", v->sealed.authenticator, "secret", out);
	if (v->sealed.has_message_authenticator)
		show_seal("Message-Authenticator", v->sealed.message_authenticator, "secret", out);
}

static void show_place(const struct vector *v, FILE *out)
{
	fprintf(out, "receiver   %s%s, %s", receiver_of(v), v->place.proxy ? " (a proxy)" : "",
		v->place.word);
	if (v->place.before_count)
		fprintf(out, ", after %zu packets that it took", v->place.before_count);
	if (v->place.has_session)
		fprintf(out, ", session 0x%08x, expects sequence number 0x%08x", v->place.session,
			v->place.sequence);
	fputs("\nreaction   ", out);
	for (size_t i = 0; i < v->reaction_count; i++)
		fprintf(out, "%s%s", i ? " or " : "", v->reactions[i]);
	fputc('\n', out);
	if (v->has_reply) {
		fputs("answer     ", out);
		hex_line(v->reply, out);
		fputc('\n', out);
	}
	show_seals(v, out);
}

static void show_field(const struct vector_field *f, FILE *out)
{
	fprintf(out, "  %-20s ", f->name);
	if (f->is_octets)
		hex_line(f->octets, out);
	else
		fprintf(out, "%" PRIu64 " (0x%" PRIx64 ")", f->number, f->number);
	fputc('\n', out);
}

static void show_fields(const struct vector *v, FILE *out)
{
	fprintf(out, "message    %s\n", v->message ? v->message : "none");
	for (size_t i = 0; i < v->field_count; i++)
		show_field(&v->fields[i], out);
	for (size_t i = 0; i < v->element_count; i++) {
		const struct vector_element *e = &v->elements[i];
		fprintf(out, "  %5u %-20s %zu octets  ", e->code, e->name ? e->name : "-",
			e->value.size);
		hex_line(e->value, out);
		fputc('\n', out);
	}
}

void show_vector(const struct vector *v, FILE *out)
{
	fprintf(out, "id         %s\n", v->id);
	fprintf(out, "file       %s:%u, group %s\n", v->group->file->path, v->line, v->group->name);
	fprintf(out, "comment    %s\n", v->comment);
	show_verdict(v, out);
	show_place(v, out);
	if (v->has_fields)
		show_fields(v, out);
	fprintf(out, "octets     %zu\n", v->octets.size);
	hex_dump(v->octets, out);
}

void list_set(const struct vector_set *set, bool all, FILE *out)
{
	for (size_t f = 0; f < set->file_count; f++) {
		const struct vectors *file = set->files[f];
		fprintf(out, "%s: %s, %zu\n", file->path, file->title, file->count);
		for (size_t g = 0; g < file->group_count; g++) {
			const struct vector_group *group = &file->groups[g];
			fprintf(out, "  %-20s %4zu  %s\n", group->name, group->count, group->title);
			for (size_t i = 0; all && i < group->count; i++)
				fprintf(out, "    %-11s %-40s %s\n",
					vector_result_word(group->vectors[i].result),
					group->vectors[i].id, group->vectors[i].comment);
		}
	}
	fprintf(out, "%zu vectors\n", set->count);
}

/* --- corpus ----------------------------------------------------------------------------------- */

struct corpus {
	const char *folder;
	char *error;
	size_t size;
};

static int write_seed(void *context, const struct vector *v)
{
	struct corpus *c = context;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", c->folder, v->id);
	FILE *stream = fopen(path, "wb");
	bool good = stream && fwrite(v->octets.data, 1, v->octets.size, stream) == v->octets.size;
	if (stream && fclose(stream) != 0)
		good = false;
	if (good)
		return 0;
	snprintf(c->error, c->size, "%s: %s; name a folder that can be written to", path,
		strerror(errno));
	return -1;
}

/* The folder and those above it. */
static int make_folder(const char *folder)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(path, 0777) < 0 && errno != EEXIST ? -1 : 0;
}

int write_corpus(const struct vector_set *set, const char *folder, char *error, size_t size)
{
	struct corpus c = {folder, error, size};

	if (make_folder(folder) == 0)
		return vector_set_each(set, write_seed, &c);
	snprintf(error, size, "%s: %s; name a folder that can be made", folder, strerror(errno));
	return -1;
}
