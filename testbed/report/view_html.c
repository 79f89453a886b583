// SPDX-License-Identifier: Apache-2.0
/*
 * The HTML view: reports/report.html with its markers replaced, so that one file holds all. This
 * side only gathers data; what a reader sees is drawn by the scripts of the template.
 *
 *   {{title}}           name of the run
 *   {{data}}            one JSON object: result, digest, files, figures, comparison, matrix, pairs
 *   {{d3}}              d3 as Debian ships it, with its licence
 *   {{include PATH}}    another of baton's files
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "testbed/report/figures.h"
#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/view.h"

#define TEMPLATE_LIMIT (4u << 20)
#define D3_PATH "/usr/share/javascript/d3/d3.min.js"
#define D3_LICENCE "/usr/share/doc/libjs-d3/copyright"

struct page {
	const struct report *report;
	const json_t *comparison;
	const struct view_options *options;
	size_t embedded; /* bytes so far */
	FILE *out;
	struct report_error *error;
};

/* ---- evidence ----------------------------------------------------------------------------- */

static json_t *base64(const struct content *content)
{
	unsigned char *text = report_must(malloc(4 * ((content->size + 2) / 3) + 1));
	json_t *value;
	int n = EVP_EncodeBlock(text, (const unsigned char *)content->bytes, (int)content->size);

	value = report_must(json_stringn((const char *)text, (size_t)n));
	free(text);
	return value;
}

/* What becomes of a file: "embedded", "too large" for the limits, "missing", or "changed" since
 * the run. Only the first has its bytes in the page. */
static const char *embed(struct page *p, const json_t *file, json_t *entry)
{
	double listed = json_get_number(file, "size");
	char *path = report_file(p->report, json_get_text(file, "name"));
	const char *state = "embedded";
	struct report_error unused;
	struct content content;
	char digest[DIGEST_TEXT];

	if (access(path, R_OK)) {
		state = "missing";
	} else if (listed > (double)p->options->embed ||
		(double)p->embedded + listed > (double)p->options->embed_all) {
		state = "too large";
	} else if (report_read(path, p->options->embed, &content, &unused)) {
		state = "changed";
	} else {
		report_digest(content.bytes, content.size, digest);
		if (strcmp(digest, json_get_text(file, "sha256"))) {
			state = "changed";
		} else {
			p->embedded += content.size;
			json_put(entry, "base64", base64(&content));
		}
		free(content.bytes);
	}
	free(path);
	return state;
}

static json_t *gather_files(struct page *p)
{
	json_t *files = report_must(json_object()), *file;
	size_t i;

	json_array_foreach(json_get_array(p->report->root, "files"), i, file) {
		json_t *entry = report_must(json_object());

		json_put_text(entry, "state", embed(p, file, entry));
		json_put(files, json_get_text(file, "name"), entry);
	}
	return files;
}

/* ---- data --------------------------------------------------------------------------------- */

/* Where the documented figures that columns stand beside come from, by id. */
static json_t *gather_figures(struct page *p)
{
	struct figures *figures = figures_load(NULL, p->error);
	json_t *out;

	if (!figures)
		return NULL;
	out = report_must(json_object());
	for (size_t i = 0; i < figures_count(figures); i++) {
		const struct figures_table *t = figures_at(figures, i);
		json_t *entry = report_must(json_object());

		json_put_text(entry, "title", t->title);
		json_put_text(entry, "source", t->source);
		json_put_text(entry, "note", t->note);
		json_put(out, t->id, entry);
	}
	figures_free(figures);
	return out;
}

static int write_data(struct page *p)
{
	json_t *data = report_must(json_object());
	json_t *figures = gather_figures(p), *matrix, *pairs;
	char digest[DIGEST_TEXT], *text;

	if (!figures) {
		json_decref(data);
		return -1;
	}
	report_digest(p->report->text, p->report->size, digest);
	json_put(data, "result", json_incref(p->report->root));
	json_put_text(data, "name", p->report->name);
	json_put_text(data, "digest", digest);
	json_put(data, "figures", figures);
	json_put(data, "files", gather_files(p));
	matrix = report_matrix(p->report);
	json_put(data, "matrix", matrix ? matrix : json_null());
	pairs = report_pairs(p->report);
	json_put(data, "pairs", pairs ? pairs : json_null());
	json_put(data, "comparison",
		p->comparison ? report_must(json_deep_copy(p->comparison)) : json_null());
	text = report_must(json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(12)));
	json_decref(data);
	/* In a script element "<" could end it ("</script>") or hide what follows ("<!--"), and
	 * U+2028 and U+2029 end a line; JSON has them only inside strings, where \u does. */
	for (const char *s = text; *s; s++) {
		if (*s == '<' || *s == '>') {
			fprintf(p->out, "\\u%04x", *s);
		} else if (!strncmp(s, "\xe2\x80\xa8", 3) || !strncmp(s, "\xe2\x80\xa9", 3)) {
			fprintf(p->out, "\\u20%02x", (unsigned char)s[2] - 0x80);
			s += 2;
		} else {
			fputc(*s, p->out);
		}
	}
	free(text);
	return 0;
}

static void write_title(struct page *p)
{
	const json_t *root = p->report->root;
	char *title = report_format("Baton report, %s", json_get_text(root, "started"));

	for (const char *s = title; *s; s++) {
		if (*s == '<' || *s == '&')
			fprintf(p->out, "&#%d;", *s);
		else
			fputc(*s, p->out);
	}
	free(title);
}

/* ---- d3 ----------------------------------------------------------------------------------- */

/* The licence asks for its text to go with every copy. */
static void write_licence(struct page *p)
{
	struct report_error unused;
	struct content licence;

	fputs("/* d3, copyright Michael Bostock, BSD 3-clause licence.\n", p->out);
	if (!report_read(D3_LICENCE, TEMPLATE_LIMIT, &licence, &unused)) {
		for (const char *s = licence.bytes; *s; s++) {
			fputc(*s == '<' ? '(' : *s, p->out);
			if (*s == '*' && s[1] == '/')
				fputc(' ', p->out);
		}
		free(licence.bytes);
	}
	fputs("*/\n", p->out);
}

static int write_d3(struct page *p)
{
	struct report_error unused;
	struct content d3;

	if (report_read(D3_PATH, TEMPLATE_LIMIT, &d3, &unused))
		return report_fail(p->error, "%s: is not there; install the package libjs-d3",
			D3_PATH);
	write_licence(p);
	if (strcasestr(d3.bytes, "</script") || strstr(d3.bytes, "<!--")) {
		free(d3.bytes);
		return report_fail(p->error,
			"%s: cannot stand in a page as it is; reinstall the package libjs-d3",
			D3_PATH);
	}
	fputs(d3.bytes, p->out);
	free(d3.bytes);
	return 0;
}

/* ---- the template ------------------------------------------------------------------------- */

static int write_template(struct page *p, const char *name, unsigned depth);

static int write_marker(struct page *p, const char *marker, size_t length, unsigned depth)
{
	static const char include[] = "include ";
	char text[120];

	snprintf(text, sizeof(text), "%.*s", (int)length, marker);
	if (!strcmp(text, "title"))
		write_title(p);
	else if (!strcmp(text, "data"))
		return write_data(p);
	else if (!strcmp(text, "d3"))
		return write_d3(p);
	else if (!strncmp(text, include, sizeof(include) - 1) && depth < 2)
		return write_template(p, text + sizeof(include) - 1, depth + 1);
	else
		return report_fail(p->error,
			"reports/report.html: marker {{%.60s}} is unknown; "
			"known are title, data, d3 and include PATH",
			text);
	return 0;
}

static int write_template(struct page *p, const char *name, unsigned depth)
{
	char *path = report_data_path(name, p->error);
	struct content content;
	const char *from, *marker, *end;
	int rc = 0;

	if (!path)
		return -1;
	rc = report_read(path, TEMPLATE_LIMIT, &content, p->error);
	free(path);
	if (rc)
		return -1;
	from = content.bytes;
	while (!rc && (marker = strstr(from, "{{")) && (end = strstr(marker, "}}"))) {
		fwrite(from, 1, (size_t)(marker - from), p->out);
		rc = write_marker(p, marker + 2, (size_t)(end - marker - 2), depth);
		from = end + 2;
	}
	fputs(from, p->out);
	free(content.bytes);
	return rc;
}

int view_html(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	struct page page = {
		.report = report,
		.comparison = comparison,
		.options = options,
		.out = out,
		.error = error,
	};

	return write_template(&page, "reports/report.html", 0);
}
