// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "testbed/adapter/contract.h"
#include "testbed/guest/tool.h"
#include "testbed/interop/cell_inside.h"
#include "testbed/util/paths.h"

#define PORT "500"
#define WIRE_NODE "switch"
#define WIRE_INTERFACE "eth0"

const char *const part_names[2] = { "initiator", "responder" };

int cell_end(struct work *w, enum verdict verdict, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(w->cell->reason, sizeof(w->cell->reason), format, ap);
	va_end(ap);
	w->cell->verdict = verdict;
	return -1;
}

/* --- environment ---------------------------------------------------------------------------- */

static void put_env(struct work *w, enum part end, const char *name, const char *value)
{
	if (value && w->env_count[end] < CELL_ENV_MAX)
		w->env[end][w->env_count[end]++] = path_format("%s=%s", name, value);
}

/* The link end of a node, by its name. */
static const struct topology_end *end_of(const struct topology *t, const char *node)
{
	for (size_t i = 0; i < t->n_links; i++)
		for (unsigned k = 0; k < 2; k++)
			if (strcmp(t->nodes[t->links[i].end[k].node].name, node) == 0)
				return &t->links[i].end[k];
	return NULL;
}

static const char *address(const struct topology *t, enum part end, size_t which,
	char out[INET_ADDRSTRLEN])
{
	const struct topology_end *e = end_of(t, part_names[end]);

	if (!e || which >= e->addresses.count)
		return NULL;
	return inet_ntop(AF_INET, e->addresses.list[which].bytes, out, INET_ADDRSTRLEN);
}

static const char *setting(const struct work *w, enum part end, const struct contract_setting *s)
{
	const struct feature *f = w->cell->feature;
	const char *value = s->standard;

	for (size_t i = 0; i < f->given_count; i++)
		if (strcmp(f->givens[i].name, s->name) == 0 && f->givens[i].for_end[end])
			value = f->givens[i].value;
	for (unsigned k = 0; k < 2; k++) {
		const struct manifest *m = w->cell->ends[k]->manifest;
		for (size_t i = 0; i < m->setting_count; i++)
			if (strcmp(m->settings[i].name, s->name) == 0)
				value = m->settings[i].value;
	}
	return value;
}

void cell_build_env(struct work *w, enum part end)
{
	const struct topology *t = w->interop->topology;
	/* IKEv1 signs with RSA: few have the elliptic methods of RFC 4754 there. */
	bool version_1 = strcmp(setting(w, end, contract_setting("ike-version")), "1") == 0;
	char text[INET_ADDRSTRLEN];
	char *file;

	put_env(w, end, "BATON_ROLE", w->interop->matrix->roles[end]);
	put_env(w, end, "BATON_TEST", w->cell->feature->name);
	put_env(w, end, "BATON_SCRATCH", w->scratch[end]);
	put_env(w, end, "BATON_LOG", w->logs[end]);
	put_env(w, end, "BATON_INTERFACE", "eth0");
	put_env(w, end, "BATON_ADDRESS", address(t, end, 0, text));
	put_env(w, end, "BATON_ADDRESS_2", address(t, end, 1, text));
	put_env(w, end, "BATON_PREFIX_LENGTH", "24");
	put_env(w, end, "BATON_PEER_ADDRESS", address(t, end == PART_INITIATOR ? PART_RESPONDER :
								 PART_INITIATOR, 0, text));
	put_env(w, end, "BATON_PORT", PORT);
	for (const struct contract_setting *s = contract_settings; s->name; s++)
		put_env(w, end, s->variable, setting(w, end, s));
	for (unsigned i = 0; i < 3; i++) {
		static const char *const variables[] = { "BATON_CA_FILE", "BATON_CERT_FILE",
			"BATON_KEY_FILE" };
		static const char *const files[2][3] = { { "ca.pem", "client.pem", "client.key" },
			{ "ca.pem", "server.pem", "server.key" } };
		file = path_format("%s/%s", w->interop->credentials[version_1], files[end][i]);
		put_env(w, end, variables[i], file);
		free(file);
	}
}

/* --- the place ------------------------------------------------------------------------------ */

static int open_capture(struct work *w)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq request = { 0 };
	int fd = network_socket(w->network, WIRE_NODE, AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", WIRE_INTERFACE);
	if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return cell_end(w, VERDICT_SETUP_FAILED, "no packet socket at the wire");
	at.sll_ifindex = request.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		close(fd);
		return cell_end(w, VERDICT_SETUP_FAILED, "the wire cannot be captured: %s",
			strerror(errno));
	}
	capture_start(&w->capture, fd);
	return 0;
}

/* When the initiator's first address goes, the second stays, and routes with it. */
static void keep_second_address(struct work *w)
{
	const char *argv[] = { "sysctl", "-q", "-w", "net.ipv4.conf.all.promote_secondaries=1", NULL };
	int status;

	network_run(w->network, part_names[PART_INITIATOR],
		&(struct spawn){ .argv = argv, .log = "/dev/null" }, &status, 10000, NULL);
}

static int raise_network(struct work *w)
{
	const struct topology_end *first = end_of(w->interop->topology, part_names[PART_INITIATOR]);
	struct diagnostics d = { 0 };
	struct network_options options = { .directory = w->folder };

	if (!first || first->addresses.count < 2 || !first->mac.given ||
		!end_of(w->interop->topology, part_names[PART_RESPONDER]))
		return cell_end(w, VERDICT_ERROR, "the wire needs an initiator with a hardware address "
			"and two addresses, and a responder");
	wiretap_init(&w->cell->wire, first->mac.bytes);
	memcpy(w->evidence.second, first->addresses.list[1].bytes, 4);
	w->evidence.wire = &w->cell->wire;
	int result = network_up(w->interop->topology, &options, &w->network, &d);
	if (result < 0)
		cell_end(w, VERDICT_SETUP_FAILED, "%s", d.count ? d.list[0].text : strerror(-result));
	diagnostics_free(&d);
	if (result < 0)
		return -1;
	keep_second_address(w);
	return open_capture(w);
}

static void make_folders(struct work *w)
{
	const struct cell *c = w->cell;
	char name[160], *folder;

	snprintf(name, sizeof(name), "%s-%s-%s", c->ends[0]->manifest->name, c->ends[1]->manifest->name,
		c->feature->name);
	snprintf(w->cell->log, sizeof(w->cell->log), "logs/%s.responder.log", name);
	snprintf(w->cell->capture, sizeof(w->cell->capture), "captures/%s.pcapng", name);
	snprintf(w->cell->keylog, sizeof(w->cell->keylog), "keys/%s.keys", name);
	w->folder = path_format("%s/%u", w->interop->work, c->number);
	for (unsigned i = 0; i < 2; i++) {
		w->scratch[i] = path_format("%s/%u-%s", w->interop->work, c->number, part_names[i]);
		tool_make_folders(w->scratch[i]);
		w->logs[i] = path_format("%s/%u-%s.log", w->interop->work, c->number, part_names[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		static const char *const kinds[] = { "logs", "captures", "keys" };
		folder = path_format("%s/%s", w->interop->results, kinds[i]);
		tool_make_folders(folder);
		free(folder);
	}
}

/* --- start and end -------------------------------------------------------------------------- */

/* The first feature that the end does not claim; NULL: it claims all. */
static const char *lacks(const struct work *w, enum part end)
{
	const struct manifest *m = w->cell->ends[end]->manifest;
	const struct manifest_role *role = manifest_role(m, w->interop->matrix->roles[end]);

	for (const char *const *need = w->cell->feature->needs; *need; need++)
		if (!role || !manifest_claims(role, *need))
			return *need;
	return NULL;
}

static int start(struct work *w, enum part end)
{
	const struct manifest *m = w->cell->ends[end]->manifest;
	const struct manifest_role *role = manifest_role(m, w->interop->matrix->roles[end]);
	const char *missing = lacks(w, end);
	char why[500];

	if (!role)
		return cell_end(w, VERDICT_NOT_APPLICABLE, "%s has no role %s", m->name,
			w->interop->matrix->roles[end]);
	cell_build_env(w, end);
	struct sut_place place = { .network = w->network, .node = part_names[end],
		.scratch = w->scratch[end], .log = w->logs[end],
		.env = (const char *const *)w->env[end] };
	int result = sut_start(m, role, &place, &w->suts[end], why, sizeof(why));
	if (result == SUT_UNSUPPORTED)
		return cell_end(w, VERDICT_UNSUPPORTED, "%s as %s: %s", m->name, part_names[end],
			*why ? why : "its start command ends with status 127");
	if (result < 0)
		return cell_end(w, VERDICT_SETUP_FAILED, "%s", why);
	if (!missing)
		return 0;
	/* It starts, and yet does not claim it: perhaps it says why. */
	const char *arguments[] = { missing, NULL };
	int status = sut_ask(w->suts[end], "why-not", arguments, 10, why, sizeof(why));
	if (status == 0 && *why)
		return cell_end(w, VERDICT_UNSUPPORTED, "%s as %s: %s", m->name, part_names[end], why);
	return cell_end(w, VERDICT_UNSUPPORTED, "%s as %s does not claim %s", m->name, part_names[end],
		missing);
}

/* The keys, while the ends still run. */
static void take_keys(struct work *w)
{
	for (unsigned i = 0; i < 2; i++) {
		char *file = path_format("%s/given-keys", w->scratch[i]);
		const char *arguments[] = { file, NULL };
		if (w->suts[i] && sut_verb(w->suts[i], "keys", arguments, 20, NULL, 0) == 0)
			wiretap_take_keys(&w->cell->wire, file);
		unlink(file);
		free(file);
	}
}

/* First the wire is heard to the end, then the network goes. */
static void end(struct work *w)
{
	char why[400];

	take_keys(w);
	for (unsigned i = 0; i < 2; i++)
		if (w->suts[i] && sut_stop(w->suts[i], why, sizeof(why)) < 0 &&
			w->cell->verdict == VERDICT_PASS)
			cell_end(w, VERDICT_CLEANUP_FAILED, "%s", why);
	capture_drain(&w->capture);
	wiretap_read(&w->cell->wire, &w->capture);
	network_down(w->network);
	wiretap_open(&w->cell->wire);
}

/* What the ends told each other, once their messages are open: a step that was not done in time has its
 * reason there. */
static void add_words(struct cell *c)
{
	size_t used = strlen(c->reason);
	char text[400];

	facts_error(&c->wire, text, sizeof(text));
	if (*text && used < sizeof(c->reason))
		used += (size_t)snprintf(c->reason + used, sizeof(c->reason) - used, "; %s", text);
	if (!c->wire.count || used >= sizeof(c->reason))
		return;
	const struct wiretap_message *last = &c->wire.messages[c->wire.count - 1];
	snprintf(c->reason + used, sizeof(c->reason) - used, "; the last message is the %s's %s",
		part_names[last->from_initiator ? 0 : 1], wiretap_label(last, text, sizeof(text)));
}

/* --- judgement ------------------------------------------------------------------------------ */

static void judge(struct work *w)
{
	const struct feature *f = w->cell->feature;

	for (size_t i = 0; i < f->fact_count; i++) {
		char *received = w->cell->received[i];
		char instead[200] = "";
		enum sight seen = f->facts[i]->look(&w->evidence, instead, sizeof(instead));
		snprintf(received, sizeof(w->cell->received[i]), "%s",
			seen == SIGHT_YES ? "as expected" : instead);
		if (seen == SIGHT_YES || w->cell->verdict != VERDICT_PASS)
			continue;
		cell_end(w, seen == SIGHT_NO ? VERDICT_FAIL : VERDICT_INCONCLUSIVE,
			"expected: %s; %s", f->facts[i]->sentence, instead);
	}
}

/* --- evidence ------------------------------------------------------------------------------- */

static void append(FILE *out, const char *title, const char *path)
{
	size_t size;
	uint8_t *text = tool_read(path, &size);

	fprintf(out, "--- %s\n", title);
	if (text)
		fwrite(text, 1, size, out);
	free(text);
}

static void write_evidence(struct work *w)
{
	struct cell *c = w->cell;
	char title[200], label[400];
	char *path = path_format("%s/%s", w->interop->results, c->log);
	FILE *out = fopen(path, "we");

	for (unsigned i = 0; out && i < 2; i++) {
		snprintf(title, sizeof(title), "%s: %s %s", part_names[i], c->ends[i]->manifest->name,
			c->ends[i]->version);
		append(out, title, w->logs[i]);
	}
	if (!out || fclose(out) != 0)
		*c->log = '\0';
	free(path);
	for (size_t i = 0; i < c->wire.count; i++) {
		const struct wiretap_message *m = &c->wire.messages[i];
		free(w->capture.frames[m->frame - 1].comment);
		w->capture.frames[m->frame - 1].comment = strdup(wiretap_label(m, label, sizeof(label)));
	}
	snprintf(title, sizeof(title), "%s with %s: %s", c->ends[0]->manifest->name,
		c->ends[1]->manifest->name, c->feature->title);
	path = path_format("%s/%s", w->interop->results, c->capture);
	if (!w->capture.count || capture_write(&w->capture, path, title, VIEW_EMPTY) < 0)
		*c->capture = '\0';
	free(path);
	path = path_format("%s/%s", w->interop->results, c->keylog);
	if (!wiretap_write_keys(&c->wire, path))
		*c->keylog = '\0';
	free(path);
}

static btime clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (btime)t.tv_sec * BTIME_S + t.tv_nsec;
}

void cell_run(const struct interop *interop, struct cell *cell)
{
	struct work w = { .interop = interop, .cell = cell, .capture = { .fd = -1 } };
	btime began = clock_of(CLOCK_MONOTONIC);

	cell->verdict = VERDICT_PASS;
	cell->start = clock_of(CLOCK_REALTIME);
	make_folders(&w);
	bool done = raise_network(&w) == 0 && start(&w, PART_RESPONDER) == 0 &&
		start(&w, PART_INITIATOR) == 0 && cell_steps(&w) == 0;
	if (w.network)
		end(&w);
	if (cell->verdict == VERDICT_FAIL)
		add_words(cell);
	if (done || cell->verdict == VERDICT_FAIL)
		judge(&w);
	cell->duration_s = (double)(clock_of(CLOCK_MONOTONIC) - began) / (double)BTIME_S;
	write_evidence(&w);
	capture_free(&w.capture);
	tool_remove(w.folder);
	free(w.folder);
	for (unsigned i = 0; i < 2; i++) {
		tool_remove(w.scratch[i]);
		unlink(w.logs[i]);
		free(w.scratch[i]);
		free(w.logs[i]);
		for (size_t k = 0; k < w.env_count[i]; k++)
			free(w.env[i][k]);
	}
}

void cell_report(const struct interop *interop, struct cell *c, struct result *result,
	struct result_suite *suite)
{
	const struct feature *f = c->feature;
	const struct report_clause clause = { f->document, f->section, "must" };
	const char *expected[FACTS_MAX], *received[FACTS_MAX];
	struct report_error error;
	char words[160];
	size_t steps, n = 0;
	const struct report_step *ladder = wiretap_ladder(&c->wire, c->start, &steps);

	for (; n < f->fact_count && *c->received[n]; n++) {
		expected[n] = f->facts[n]->sentence;
		received[n] = c->received[n];
	}
	snprintf(words, sizeof(words), "%s %s", f->document, f->section);
	char *files[] = { c->capture, c->keylog, c->log };
	for (unsigned i = 0; i < 3; i++)
		if (*files[i] && result_attach(result, files[i], &error) < 0)
			*files[i] = '\0';
	suite_add_test(suite, &(struct test_report){ .name = f->name, .purpose = f->title,
		.file = interop->matrix->file, .line = f->line, .covers = &clause, .n_covers = 1,
		.verdict = c->verdict, .reason = c->verdict == VERDICT_PASS ? NULL : c->reason,
		.clause = words, .expected = expected, .n_expected = n, .received = received,
		.n_received = n, .duration_s = c->duration_s, .ladder = ladder, .n_ladder = steps,
		.capture = *c->capture ? c->capture : NULL, .keylog = *c->keylog ? c->keylog : NULL,
		.log = *c->log ? c->log : NULL });
}

void cell_release(struct cell *cell)
{
	wiretap_free(&cell->wire);
}
