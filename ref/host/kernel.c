// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/base/crypto.h"
#include "ref/host/kernel_nl.h"
#include "ref/host/loop.h"
#include "ref/host/sysctl.h"

/* One remembered opposite of a change: a request, or a setting's old value. */
struct change {
	struct change *earlier;
	enum kernel_socket socket;
	struct nl_msg *undo;
	char *path, *value;
};

struct kernel {
	struct nl_sock *sockets[KERNEL_SOCKETS];
	struct change *changes; /* the last first */
	char error[256];
};

static const int protocols[KERNEL_SOCKETS] = {
	[KERNEL_ROUTE] = NETLINK_ROUTE,
	[KERNEL_XFRM] = NETLINK_XFRM,
};

/* --- messages --------------------------------------------------------------------------------- */

static void must(int result)
{
	if (result < 0) {
		fputs("out of memory for a netlink message\n", stderr);
		abort();
	}
}

struct nl_msg *message_new(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *m = nlmsg_alloc_simple(type, flags | NLM_F_REQUEST);

	must(m ? nlmsg_append(m, (void *)header, size, NLMSG_ALIGNTO) : -1);
	return m;
}

void put_data(struct nl_msg *m, int attribute, const void *data, size_t size)
{
	must(nla_put(m, attribute, (int)size, data));
}

void put_u8(struct nl_msg *m, int attribute, uint8_t value)
{
	put_data(m, attribute, &value, sizeof(value));
}

void put_u32(struct nl_msg *m, int attribute, uint32_t value)
{
	put_data(m, attribute, &value, sizeof(value));
}

void put_text(struct nl_msg *m, int attribute, const char *text)
{
	put_data(m, attribute, text, strlen(text) + 1);
}

void put_address(struct nl_msg *m, int attribute, const struct prefix *p)
{
	put_data(m, attribute, p->address, ip_size(p->family));
}

struct nlattr *nest_begin(struct nl_msg *m, int attribute)
{
	struct nlattr *nest = nla_nest_start(m, attribute);

	must(nest ? 0 : -1);
	return nest;
}

void nest_end(struct nl_msg *m, struct nlattr *nest)
{
	must(nla_nest_end(m, nest));
}

/* --- errors ----------------------------------------------------------------------------------- */

const char *kernel_error(const struct kernel *k)
{
	return k->error;
}

static void set_error(struct kernel *k, const char *reason, const char *what, va_list list)
{
	char text[160];

	vsnprintf(text, sizeof(text), what, list);
	snprintf(k->error, sizeof(k->error), "%s: %s", text, reason);
}

int kernel_fail(struct kernel *k, int error, const char *what, ...)
{
	va_list list;

	va_start(list, what);
	set_error(k, strerror(error), what, list);
	va_end(list);
	return -error;
}

/* --- requests --------------------------------------------------------------------------------- */

static int open_socket(struct kernel *k, enum kernel_socket s)
{
	struct nl_sock *socket = nl_socket_alloc();
	int on = 1;

	if (!socket)
		must(-1);
	if (nl_connect(socket, protocols[s]) < 0) {
		nl_socket_free(socket);
		return -EPROTONOSUPPORT;
	}
	/* Words of the kernel's own about what it did not like. */
	setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	nl_socket_set_buffer_size(socket, 1 << 20, 0);
	k->sockets[s] = socket;
	return 0;
}

struct answer {
	void (*each)(void *context, struct nlmsghdr *header);
	void *context;
	bool ended;	  /* acknowledged, refused, or the last part of a dump */
	int error;	  /* negative errno */
	char reason[128]; /* the kernel's words */
};

static int take_answer(struct nl_msg *m, void *context)
{
	struct answer *a = context;

	if (a->each)
		a->each(a->context, nlmsg_hdr(m));
	return NL_OK;
}

/* The kernel's sentence behind an error message (with NETLINK_CAP_ACK, right after it). */
static void take_reason(struct nlmsghdr *h, struct answer *a)
{
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	int skip = sizeof(struct nlmsgerr);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) ||
		nlmsg_parse(h, skip, attributes, NLMSGERR_ATTR_MAX, NULL) < 0)
		return;
	if (attributes[NLMSGERR_ATTR_MSG])
		snprintf(a->reason, sizeof(a->reason), "%s",
			nla_get_string(attributes[NLMSGERR_ATTR_MSG]));
}

static int take_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *context)
{
	struct answer *a = context;
	/* The error message proper begins one netlink header before its payload. */
	struct nlmsghdr *h = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);

	(void)from;
	a->ended = true;
	a->error = error->error;
	take_reason(h, a);
	return NL_STOP;
}

static int take_end(struct nl_msg *m, void *context)
{
	(void)m;
	((struct answer *)context)->ended = true;
	return NL_STOP;
}

static void exchange(struct kernel *k, enum kernel_socket s, struct nl_msg *m, struct answer *a)
{
	struct nl_sock *socket;
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	bool dump = (nlmsg_hdr(m)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	if (!cb)
		must(-1);
	if (!k->sockets[s])
		a->error = open_socket(k, s);
	if (a->error < 0)
		goto out;
	socket = k->sockets[s];
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, take_answer, a);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, take_end, a);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, take_end, a);
	nl_cb_err(cb, NL_CB_CUSTOM, take_error, a);
	if (!dump)
		nlmsg_hdr(m)->nlmsg_flags |= NLM_F_ACK;
	nl_complete_msg(socket, m);
	if (nl_send(socket, m) < 0)
		a->error = -ECOMM;
	/* One call reads one datagram: an answer and its acknowledgement are two. */
	while (!a->ended && a->error == 0)
		if (nl_recvmsgs(socket, cb) < 0 && !a->ended)
			a->error = -ECOMM;
out:
	nl_cb_put(cb);
}

int kernel_query(struct kernel *k, enum kernel_socket s, struct nl_msg *m,
	void (*each)(void *context, struct nlmsghdr *header), void *context)
{
	struct answer a = { .each = each, .context = context };

	exchange(k, s, m, &a);
	nlmsg_free(m);
	return a.error < 0 ? kernel_fail(k, -a.error, "asking the kernel") : 0;
}

static int request(struct kernel *k, enum kernel_socket s, struct nl_msg *m, const char *what,
	va_list list)
{
	struct answer a = { 0 };

	exchange(k, s, m, &a);
	if (a.error < 0)
		set_error(k, a.reason[0] ? a.reason : strerror(-a.error), what, list);
	return a.error;
}

int kernel_request(struct kernel *k, enum kernel_socket s, struct nl_msg *m, const char *what, ...)
{
	va_list list;
	int result;

	va_start(list, what);
	result = request(k, s, m, what, list);
	va_end(list);
	wipe(nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len); /* there may be keys in it */
	nlmsg_free(m);
	return result;
}

/* --- remembering ------------------------------------------------------------------------------ */

static void change_free(struct change *c)
{
	if (c->undo)
		nlmsg_free(c->undo);
	free(c->path);
	free(c->value);
	free(c);
}

/* Sequence number, port and flags differ from one sending to the next. */
static bool same_message(struct nl_msg *a, struct nl_msg *b)
{
	const struct nlmsghdr *ha = nlmsg_hdr(a), *hb = nlmsg_hdr(b);

	return ha->nlmsg_type == hb->nlmsg_type && ha->nlmsg_len == hb->nlmsg_len &&
		memcmp(nlmsg_data(ha), nlmsg_data(hb), ha->nlmsg_len - NLMSG_HDRLEN) == 0;
}

static void forget(struct kernel *k, enum kernel_socket s, struct nl_msg *undo)
{
	for (struct change **at = &k->changes; *at; at = &(*at)->earlier) {
		struct change *c = *at;
		if (!c->undo || c->socket != s || !same_message(c->undo, undo))
			continue;
		*at = c->earlier;
		change_free(c);
		return;
	}
}

void kernel_remember(struct kernel *k, enum kernel_socket s, struct nl_msg *undo)
{
	struct change *c = host_alloc(sizeof(*c));

	forget(k, s, undo);
	*c = (struct change){ .earlier = k->changes, .socket = s, .undo = undo };
	k->changes = c;
}

int kernel_undo(struct kernel *k, enum kernel_socket s, struct nl_msg *undo, const char *what, ...)
{
	va_list list;
	int result;

	va_start(list, what);
	result = request(k, s, undo, what, list);
	va_end(list);
	forget(k, s, undo);
	nlmsg_free(undo);
	return result;
}

void kernel_remember_setting(struct kernel *k, const char *path, const char *value)
{
	struct change *c;

	for (c = k->changes; c; c = c->earlier)
		if (c->path && strcmp(c->path, path) == 0)
			return; /* the oldest value is the one to go back to */
	c = host_alloc(sizeof(*c));
	c->earlier = k->changes;
	c->path = host_strdup(path);
	c->value = host_strdup(value);
	k->changes = c;
}

/* --- life ------------------------------------------------------------------------------------- */

struct kernel *kernel_open(void)
{
	struct kernel *k = host_alloc(sizeof(*k));
	int result = open_socket(k, KERNEL_ROUTE);

	if (result < 0) {
		free(k);
		errno = -result;
		return NULL;
	}
	return k;
}

int kernel_sweep(struct kernel *k)
{
	int (*const sweeps[])(struct kernel *k) = { links_sweep, addresses_sweep, routes_sweep,
		ipsec_sweep };
	int result = 0;

	for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
		int each = sweeps[i](k);
		if (result == 0)
			result = each;
	}
	return result;
}

/* Gone already is as good as taken back: a deleted link takes its addresses and routes along. */
static bool take_back(struct kernel *k, struct change *c)
{
	struct answer a = { 0 };
	int result;

	if (!c->undo) {
		result = sysctl_write(k, c->path, c->value);
		return result == 0 || result == -ENOENT;
	}
	exchange(k, c->socket, c->undo, &a);
	return a.error == 0 || a.error == -ENOENT || a.error == -ESRCH || a.error == -ENODEV ||
		a.error == -EADDRNOTAVAIL;
}

unsigned kernel_close(struct kernel *k)
{
	unsigned failed = 0;

	if (!k)
		return 0;
	while (k->changes) {
		struct change *c = k->changes;
		k->changes = c->earlier;
		failed += !take_back(k, c);
		change_free(c);
	}
	for (int i = 0; i < KERNEL_SOCKETS; i++)
		if (k->sockets[i])
			nl_socket_free(k->sockets[i]);
	free(k);
	return failed;
}
