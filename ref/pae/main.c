// SPDX-License-Identifier: Apache-2.0
/*
 * baton-pae: a port access entity of IEEE 802.1X on a wired interface, supplicant or authenticator
 * with an EAP server of its own; or the same for 802.11i pre-authentication. It controls no port:
 * its word on each station goes to the event log and to `status`.
 *
 * struct entity is the node; one of the two engines is in use.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/crypto.h"
#include "ref/dot1x/pae_authenticator.h"
#include "ref/dot1x/pae_supplicant.h"
#include "ref/eap/eap_server.h"
#include "ref/host/frames.h"
#include "ref/host/link.h"
#include "ref/pae/settings.h"

#define MAC_TEXT_SIZE 18

struct entity {
	struct node *node;
	const struct pae_settings *settings;
	struct frames *frames;
	struct timer *timer;
	struct eap_tls_context *tls;
	bool authenticates;
	struct pae_authenticator authenticator;
	struct pae_supplicant supplicant;
	struct pae_port *newest; /* authenticator: the last one that something was said of */
};

static const char *text_of(const uint8_t mac[6], char out[MAC_TEXT_SIZE])
{
	snprintf(out, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	return out;
}

/* --- what the engine wants -------------------------------------------------------------------- */

static const struct eap_end *end_of(const struct entity *e, const struct pae_port *port)
{
	return e->authenticates ? port->eap : e->supplicant.config.eap;
}

static void hex(const uint8_t *octets, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

static void log_keys(struct entity *e, const struct eap_end *end)
{
	char text[2][2 * EAP_SESSION_ID_MAX + 1] = { "", "" };

	if (!end->has_key)
		return;
	hex(end->msk, sizeof(end->msk), text[0]);
	hex(end->session_id, end->session_id_size, text[1]);
	node_key(e->node, "EAP_MSK %s %s", text[1], text[0]);
	wipe(text, sizeof(text));
}

static void log_report(struct entity *e, const struct action *a)
{
	struct pae_port *port = e->authenticates ? (struct pae_port *)a->session : NULL;
	const struct eap_end *end = end_of(e, port);
	const char *why = end && end->failure ? end->failure : "";
	char mac[MAC_TEXT_SIZE] = "", event[32];

	if (port) {
		text_of(port->station, mac);
		e->newest = port;
	}
	snprintf(event, sizeof(event), "pae_%s", a->name);
	log_event(e->node->log, event, "{s:s,s:s,s:s,s:s}", "station", mac, "identity",
		end ? end->identity : "", "method", end && end->method ? end->method : "", "why",
		a->event == PAE_FAILED ? why : "");
	if (a->event == PAE_AUTHENTICATED)
		log_keys(e, end);
}

static void take(struct entity *e, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		switch ((enum pae_event)a->event) {
		case PAE_SEND:
			frames_send(e->frames, a->data);
			break;
		case PAE_STARTED:
		case PAE_AUTHENTICATED:
		case PAE_FAILED:
		case PAE_LOGGED_OFF:
		case PAE_UNREACHABLE:
			log_report(e, a);
			break;
		case PAE_REJECTED:
			log_reject(e->node->log, "pae_rejected", NULL, &a->reject);
			break;
		}
	}
	timer_set(e->timer, e->authenticates ? pae_authenticator_due(&e->authenticator) :
					       pae_supplicant_due(&e->supplicant));
}

/* --- from the host ---------------------------------------------------------------------------- */

static void received(void *context, const struct frame *frame)
{
	struct entity *e = context;
	struct actions actions;

	if (frame->outgoing)
		return;
	actions_clear(&actions);
	if (e->authenticates)
		pae_authenticator_input(&e->authenticator, frame->data, loop_now(), &actions);
	else
		pae_supplicant_input(&e->supplicant, frame->data, loop_now(), &actions);
	take(e, &actions);
}

static void timer_due(void *context)
{
	struct entity *e = context;
	struct actions actions;

	actions_clear(&actions);
	if (e->authenticates)
		pae_authenticator_tick(&e->authenticator, loop_now(), &actions);
	else
		pae_supplicant_tick(&e->supplicant, loop_now(), &actions);
	take(e, &actions);
}

/* --- EAP -------------------------------------------------------------------------------------- */

static bool find_user(void *context, const char *identity, struct eap_user *user)
{
	const struct entity *e = context;
	const struct pae_eap_settings *s = &e->settings->eap;
	const char *wanted = s->identity, *realm = strchr(identity, '@');

	if (strcmp(wanted, "*") != 0 && strcmp(wanted, identity) != 0 &&
		!(wanted[0] == '*' && realm && strcmp(wanted + 1, realm) == 0))
		return false;
	eap_settings_methods(&s->methods, user->methods);
	snprintf(user->identity, sizeof(user->identity), "%s", identity);
	snprintf(user->password, sizeof(user->password), "%s", s->password ? s->password : "");
	user->has_psk = s->psk.size == EAP_PSK_SIZE;
	if (user->has_psk)
		memcpy(user->psk, s->psk.data, EAP_PSK_SIZE);
	return true;
}

static struct eap_end *new_server(void *context)
{
	struct entity *e = context;
	const struct pae_eap_settings *s = &e->settings->eap;

	return eap_server_new(&(struct eap_server_config){ .lookup = find_user,
		.lookup_context = e,
		.server_id = s->server_id,
		.notification = s->notification,
		.tls = e->tls,
		.mtu = s->mtu,
		.random = &e->node->random });
}

static struct eap_end *new_peer(struct entity *e)
{
	const struct pae_eap_settings *s = &e->settings->eap;
	struct eap_peer_config c = { .identity = s->identity,
		.password = s->password,
		.psk = s->psk.size == EAP_PSK_SIZE ? s->psk.data : NULL,
		.tls = e->tls,
		.mtu = s->mtu,
		.random = &e->node->random };

	eap_settings_methods(&s->methods, c.methods);
	return eap_peer_new(&c);
}

/* --- commands --------------------------------------------------------------------------------- */

static struct entity *entity_of(void *node)
{
	return ((struct node *)node)->state;
}

static const char *state_text(const struct entity *e)
{
	static const char *const port_words[] = { "none", "starting", "authenticated", "none" };
	static const char *const words[] = { "none", "starting", "starting", "authenticated",
		"none" };

	if (!e->authenticates)
		return words[e->supplicant.state];
	return e->newest && e->newest->used ? port_words[e->newest->state] : "none";
}

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct entity *e = entity_of(node);
	const uint64_t *n = e->authenticates ? e->authenticator.rejected : e->supplicant.rejected;
	json_t *rejected = json_object();

	(void)arguments;
	for (int r = 1; r < REJECT_COUNT; r++)
		if (n[r])
			json_object_set_new(rejected, reject_name((enum reject_reason)r),
				json_integer((json_int_t)n[r]));
	control_answer(request,
		json_pack("{s:s,s:o}", "state", state_text(e), "rejected", rejected));
}

static void cmd_connect(void *node, struct control_request *request, const json_t *arguments)
{
	struct entity *e = entity_of(node);
	struct actions actions;

	(void)arguments;
	if (e->authenticates) {
		control_refuse(request, "an authenticator waits for EAPOL-Start");
		return;
	}
	actions_clear(&actions);
	pae_supplicant_connect(&e->supplicant, loop_now(), &actions);
	take(e, &actions);
	control_answer(request, NULL);
}

static void cmd_terminate(void *node, struct control_request *request, const json_t *arguments)
{
	struct entity *e = entity_of(node);
	struct actions actions;

	(void)arguments;
	if (e->authenticates) {
		control_refuse(request, "EAPOL-Logoff is the supplicant's");
		return;
	}
	actions_clear(&actions);
	pae_supplicant_log_off(&e->supplicant, loop_now(), &actions);
	take(e, &actions);
	control_answer(request, NULL);
}

static void cmd_reauth(void *node, struct control_request *request, const json_t *arguments)
{
	struct entity *e = entity_of(node);
	struct actions actions;

	(void)arguments;
	actions_clear(&actions);
	if (e->authenticates)
		pae_authenticator_reauthenticate(&e->authenticator, loop_now(), &actions);
	else
		pae_supplicant_connect(&e->supplicant, loop_now(), &actions);
	take(e, &actions);
	control_answer(request, NULL);
}

static const struct control_command commands[] = {
	{ "status", "", "state of the supplicant, or of the newest station; frames not taken",
		cmd_status },
	{ "connect", "", "supplicant: send EAPOL-Start now", cmd_connect },
	{ "reauth", "", "authenticate anew", cmd_reauth },
	{ "terminate", "", "supplicant: send EAPOL-Logoff", cmd_terminate },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

/* --- life ------------------------------------------------------------------------------------- */

static int find_lan(struct entity *e, struct pae_lan *lan)
{
	struct kernel *kernel = kernel_open();
	struct link_info link = { 0 };
	int result = kernel ? link_get(kernel, e->settings->device, &link) : -errno;

	if (kernel)
		kernel_close(kernel);
	if (result < 0) {
		log_error(e->node->log, "%s: %s", e->settings->device, strerror(-result));
		return -1;
	}
	memcpy(lan->own, link.mac, MAC_SIZE);
	lan->ethertype = e->settings->preauth ? EAPOL_PREAUTH_ETHERTYPE : EAPOL_ETHERTYPE;
	lan->group = !e->settings->preauth;
	return 0;
}

static int begin(struct entity *e, const struct pae_lan *lan)
{
	const struct pae_settings *s = e->settings;
	struct actions actions;

	if (e->authenticates) {
		pae_authenticator_begin(&e->authenticator,
			&(struct pae_authenticator_config){ .lan = *lan, .irt = s->irt, .mrt = s->mrt,
				.mrc = s->mrc, .held = s->held, .context = e,
				.eap_new = new_server });
		return 0;
	}
	struct pae_supplicant_config c = { .lan = *lan, .start_period = s->start_period,
		.max_start = s->max_start, .patience = s->patience, .held = s->held,
		.eap = new_peer(e) };
	if (!c.eap) {
		log_error(e->node->log, "no method can be used; look at eap");
		return -1;
	}
	memcpy(c.authenticator, s->authenticator, MAC_SIZE);
	pae_supplicant_begin(&e->supplicant, &c);
	actions_clear(&actions);
	pae_supplicant_connect(&e->supplicant, loop_now(), &actions);
	take(e, &actions);
	return 0;
}

static int start(struct node *node)
{
	struct entity *e = host_alloc(sizeof(*e));
	struct pae_lan lan = { 0 };

	e->node = node;
	e->settings = node->settings;
	e->authenticates = e->settings->role == PAE_ROLE_AUTHENTICATOR;
	node->state = e;
	e->timer = timer_new(node->loop, timer_due, e);
	if (e->settings->eap.tls) {
		e->tls = tls_settings_context(node, e->settings->eap.tls, e->authenticates);
		if (!e->tls)
			return -1;
	}
	if (find_lan(e, &lan) < 0)
		return -1;
	e->frames = frames_open(node->loop, e->settings->device, lan.ethertype, 0, received, e);
	if (!e->frames || frames_promiscuous(e->frames) < 0) { /* the group's frames, too */
		log_error(node->log, "frames at %s: %s", e->settings->device, strerror(errno));
		return -1;
	}
	return begin(e, &lan);
}

static void stop(struct node *node)
{
	struct entity *e = node->state;

	if (!e)
		return;
	frames_close(e->frames);
	timer_free(e->timer);
	if (e->authenticates)
		pae_authenticator_end(&e->authenticator);
	else
		pae_supplicant_end(&e->supplicant);
	eap_tls_context_free(e->tls);
	wipe(e, sizeof(*e));
	free(e);
}

static const struct program program = {
	.name = "baton-pae",
	.summary = "IEEE 802.1X on a wired interface: supplicant or authenticator",
	.rows = pae_rows,
	.settings_size = sizeof(struct pae_settings),
	.check = pae_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
