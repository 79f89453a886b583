// SPDX-License-Identifier: Apache-2.0
/*
 * tshark -T pdml: a <packet> for each frame, in it a <proto> for each layer with <field>s that
 * carry name, show (as printed) and value (octets in hexadecimal).
 */
#include <errno.h>
#include <fcntl.h>
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

/* --- running tshark --------------------------------------------------------------------------- */

#define ARGUMENTS_MAX 8

static int spawn_tshark(
	const char *capture, const char *const *more, int out, int err, pid_t *pid)
{
	char *argv[7 + ARGUMENTS_MAX] = {"tshark", "-n", "-r", (char *)capture, "-T", "pdml", NULL};
	posix_spawn_file_actions_t actions;

	for (size_t i = 0; more && more[i] && i < ARGUMENTS_MAX; i++)
		argv[6 + i] = (char *)more[i];
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
static FILE *run_tshark(
	const char *capture, const char *const *more, char *error, size_t size)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char words[512];
	pid_t pid = -1;
	int status = 0;

	if (!out || !err)
		abort();
	int failed = spawn_tshark(capture, more, fileno(out), fileno(err), &pid);
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

const char *pdml_attribute(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (strcmp((const char *)a->name, name) == 0 && a->children && a->children->content)
			return (const char *)a->children->content;
	return "";
}

xmlNode *pdml_child(const xmlNode *parent, const char *name)
{
	for (xmlNode *n = parent ? parent->children : NULL; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && strcmp(pdml_attribute(n, "name"), name) == 0)
			return n;
	return NULL;
}

xmlNode *pdml_below(const xmlNode *parent, const char *name)
{
	xmlNode *found = pdml_child(parent, name);

	for (xmlNode *n = parent ? parent->children : NULL; n && !found; n = n->next)
		if (n->type == XML_ELEMENT_NODE)
			found = pdml_below(n, name);
	return found;
}

uint64_t pdml_shown(const xmlNode *parent, const char *name)
{
	const xmlNode *n = pdml_child(parent, name);
	return n ? strtoull(pdml_attribute(n, "show"), NULL, 0) : UINT64_MAX;
}

uint64_t pdml_value(const xmlNode *parent, const char *name)
{
	const xmlNode *n = pdml_child(parent, name);
	return n ? strtoull(pdml_attribute(n, "value"), NULL, 16) : UINT64_MAX;
}

bool pdml_same_octets(const char *hex, struct view octets)
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

/* --- a capture -------------------------------------------------------------------------------- */

struct pdml *pdml_read(
	const char *capture, const char *const *more, char *error, size_t size)
{
	FILE *stream = run_tshark(capture, more, error, size);

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

const xmlNode *pdml_packet(const struct pdml *pdml, size_t index)
{
	return pdml->packets[index];
}
