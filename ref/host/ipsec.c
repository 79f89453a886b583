// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdio.h>

#include "ref/base/crypto.h"
#include "ref/host/ipsec.h"
#include "ref/host/ipsec_nl.h"

/* One row: how the kernel calls the suite's parts, and how the key divides. */
struct suite {
	const char *cipher, *integrity, *aead;
	uint8_t cipher_key, integrity_key;
	uint16_t icv_bits;
};

static const struct suite suites[] = {
	[ESP_AES_CBC_128_SHA256] = { "cbc(aes)", "hmac(sha256)", NULL, 16, 32, 128 },
	[ESP_AES_GCM_16_256] = { NULL, NULL, "rfc4106(gcm(aes))", 36, 0, 128 },
	[ESP_NULL_SHA256] = { "ecb(cipher_null)", "hmac(sha256)", NULL, 0, 32, 128 },
	[ESP_AES_GCM_16_128] = { NULL, NULL, "rfc4106(gcm(aes))", 20, 0, 128 },
	[ESP_AES_CBC_256_SHA256] = { "cbc(aes)", "hmac(sha256)", NULL, 32, 32, 128 },
	[ESP_AES_CBC_128_SHA384] = { "cbc(aes)", "hmac(sha384)", NULL, 16, 48, 192 },
	[ESP_AES_CBC_256_SHA384] = { "cbc(aes)", "hmac(sha384)", NULL, 32, 48, 192 },
	[ESP_AES_CBC_128_SHA512] = { "cbc(aes)", "hmac(sha512)", NULL, 16, 64, 256 },
	[ESP_AES_CBC_256_SHA512] = { "cbc(aes)", "hmac(sha512)", NULL, 32, 64, 256 },
	[ESP_AES_CBC_128_SHA1] = { "cbc(aes)", "hmac(sha1)", NULL, 16, 20, 96 },
	[ESP_AES_CBC_256_SHA1] = { "cbc(aes)", "hmac(sha1)", NULL, 32, 20, 96 },
};

#define REPLAY_WINDOW 32 /* RFC 4303 §3.4.3: must be supported */
#define POLICY_PRIORITY 1000

static xfrm_address_t outer(const struct prefix *p)
{
	xfrm_address_t a = { 0 };

	memcpy(&a, p->address, ip_size(p->family));
	return a;
}

static uint32_t reqid(uint16_t id)
{
	return KERNEL_REQID | id;
}

static struct xfrm_lifetime_cfg no_limits(void)
{
	return (struct xfrm_lifetime_cfg){ .soft_byte_limit = XFRM_INF,
		.hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF,
		.hard_packet_limit = XFRM_INF };
}

/* --- security associations -------------------------------------------------------------------- */

/* An attribute of the shape that all algorithms have: a structure, and the key behind it. */
static void put_keyed(struct nl_msg *m, int type, const void *head, size_t head_size,
	const uint8_t *key, size_t key_size)
{
	uint8_t octets[128 + ESP_INTEGRITY_MAX];

	memcpy(octets, head, head_size);
	memcpy(octets + head_size, key, key_size);
	put_data(m, type, octets, head_size + key_size);
	wipe(octets, sizeof(octets));
}

static void put_cipher(struct nl_msg *m, const struct suite *s, const uint8_t *key)
{
	struct xfrm_algo algo = { .alg_key_len = 8u * s->cipher_key };

	snprintf(algo.alg_name, sizeof(algo.alg_name), "%s", s->cipher);
	put_keyed(m, XFRMA_ALG_CRYPT, &algo, sizeof(algo), key, s->cipher_key);
}

static void put_integrity(struct nl_msg *m, const struct suite *s, const uint8_t *key)
{
	struct xfrm_algo_auth algo = { .alg_key_len = 8u * s->integrity_key,
		.alg_trunc_len = s->icv_bits };

	snprintf(algo.alg_name, sizeof(algo.alg_name), "%s", s->integrity);
	put_keyed(m, XFRMA_ALG_AUTH_TRUNC, &algo, sizeof(algo), key, s->integrity_key);
}

static void put_aead(struct nl_msg *m, const struct suite *s, const uint8_t *key)
{
	struct xfrm_algo_aead algo = { .alg_key_len = 8u * s->cipher_key,
		.alg_icv_len = s->icv_bits };

	snprintf(algo.alg_name, sizeof(algo.alg_name), "%s", s->aead);
	put_keyed(m, XFRMA_ALG_AEAD, &algo, sizeof(algo), key, s->cipher_key);
}

static_assert(sizeof(struct xfrm_algo_auth) <= 128 && ESP_ENCRYPTION_MAX <= ESP_INTEGRITY_MAX,
	"the room in put_keyed");

static void put_udp(struct nl_msg *m, const struct esp_sa *sa)
{
	struct xfrm_encap_tmpl udp = { .encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(sa->source_port),
		.encap_dport = htons(sa->destination_port) };

	put_data(m, XFRMA_ENCAP, &udp, sizeof(udp));
}

struct xfrm_usersa_id ipsec_sa_id(const struct esp_sa *sa)
{
	return (struct xfrm_usersa_id){ .daddr = outer(&sa->destination),
		.spi = htonl(sa->spi),
		.family = sa->source.family,
		.proto = IPPROTO_ESP };
}

static struct nl_msg *sa_id_message(int type, const struct esp_sa *sa)
{
	struct xfrm_usersa_id id = ipsec_sa_id(sa);

	return message_new(type, 0, &id, sizeof(id));
}

static const uint8_t modes[] = { [ESP_TUNNEL] = XFRM_MODE_TUNNEL,
	[ESP_TRANSPORT] = XFRM_MODE_TRANSPORT };

int ipsec_sa_add(struct kernel *k, const struct esp_sa *sa)
{
	return ipsec_sa_add_at(k, sa, NULL);
}

int ipsec_sa_add_at(struct kernel *k, const struct esp_sa *sa, const struct xfrm_replay_state *at)
{
	const struct suite *s = &suites[sa->suite];
	struct xfrm_usersa_info info = { .id = { .daddr = outer(&sa->destination),
						 .spi = htonl(sa->spi),
						 .proto = IPPROTO_ESP },
		.saddr = outer(&sa->source),
		.lft = no_limits(),
		.reqid = reqid(sa->id),
		.family = sa->source.family,
		.mode = modes[sa->mode],
		.replay_window = REPLAY_WINDOW,
		.flags = sa->mode == ESP_TUNNEL ? XFRM_STATE_AF_UNSPEC : 0 };
	char from[PREFIX_TEXT], to[PREFIX_TEXT];
	struct nl_msg *m;
	int result;

	m = message_new(XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	if (s->aead) {
		put_aead(m, s, sa->encryption);
	} else {
		put_cipher(m, s, sa->encryption);
		put_integrity(m, s, sa->integrity);
	}
	if (sa->source_port)
		put_udp(m, sa);
	if (sa->interface)
		put_u32(m, XFRMA_IF_ID, sa->interface);
	if (at)
		put_data(m, XFRMA_REPLAY_VAL, at, sizeof(*at));
	nlmsg_hdr(m)->nlmsg_flags |= NLM_F_ACK;
	result = kernel_request(k, KERNEL_XFRM, m, "ESP from %s to %s, SPI %#x",
		address_text(&sa->source, from), address_text(&sa->destination, to), sa->spi);
	if (result == 0)
		kernel_remember(k, KERNEL_XFRM, sa_id_message(XFRM_MSG_DELSA, sa));
	return result;
}

int ipsec_sa_delete(struct kernel *k, const struct esp_sa *sa)
{
	return kernel_undo(k, KERNEL_XFRM, sa_id_message(XFRM_MSG_DELSA, sa),
		"deleting the ESP state with SPI %#x", sa->spi);
}

int ipsec_udp_socket(int descriptor)
{
	int type = UDP_ENCAP_ESPINUDP;

	return setsockopt(descriptor, IPPROTO_UDP, UDP_ENCAP, &type, sizeof(type)) < 0 ? -errno : 0;
}

int ipsec_bypass(int descriptor, uint8_t family)
{
	struct xfrm_userpolicy_info info = { .sel.family = family,
		.lft = no_limits(),
		.priority = POLICY_PRIORITY,
		.action = XFRM_POLICY_ALLOW };
	bool v6 = family == AF_INET6;

	for (info.dir = XFRM_POLICY_IN; info.dir <= XFRM_POLICY_OUT; info.dir++)
		if (setsockopt(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			    v6 ? IPV6_XFRM_POLICY : IP_XFRM_POLICY, &info, sizeof(info)) < 0)
			return -errno;
	return 0;
}

int ipsec_prepare(struct kernel *k, enum esp_suite suite)
{
	struct esp_sa sa = { .spi = 0xffffff00u + suite, .suite = suite };
	int result;

	prefix_parse("127.0.0.1", &sa.source);
	sa.destination = sa.source;
	result = ipsec_sa_add(k, &sa);
	if (result == 0)
		ipsec_sa_delete(k, &sa);
	return result;
}

static void take_count(void *context, struct nlmsghdr *h)
{
	struct esp_count *out = context;
	const struct xfrm_usersa_info *info = nlmsg_data(h);

	if (h->nlmsg_type != XFRM_MSG_NEWSA || nlmsg_datalen(h) < (int)sizeof(*info))
		return;
	out->packets = info->curlft.packets;
	out->octets = info->curlft.bytes;
	out->replays = info->stats.replay;
	out->bad_integrity = info->stats.integrity_failed;
}

int ipsec_sa_count(struct kernel *k, const struct esp_sa *sa, struct esp_count *out)
{
	*out = (struct esp_count){ 0 };
	return kernel_query(k, KERNEL_XFRM, sa_id_message(XFRM_MSG_GETSA, sa), take_count, out);
}

/* --- policies --------------------------------------------------------------------------------- */

static struct xfrm_selector selector(const struct esp_policy *p)
{
	return (struct xfrm_selector){ .saddr = outer(&p->from),
		.daddr = outer(&p->to),
		.family = p->from.family,
		.prefixlen_s = p->from.length,
		.prefixlen_d = p->to.length,
		.proto = p->protocol,
		.dport = htons(p->to_port),
		.dport_mask = p->to_port ? 0xffff : 0 };
}

static struct nl_msg *policy_delete_message(const struct xfrm_userpolicy_id *id, unsigned interface)
{
	struct nl_msg *m = message_new(XFRM_MSG_DELPOLICY, 0, id, sizeof(*id));

	if (interface)
		put_u32(m, XFRMA_IF_ID, interface);
	return m;
}

static struct nl_msg *policy_id_message(const struct esp_policy *p)
{
	struct xfrm_userpolicy_id id = { .sel = selector(p), .dir = (uint8_t)p->direction };

	return policy_delete_message(&id, p->interface);
}

int ipsec_policy_add(struct kernel *k, const struct esp_policy *p)
{
	struct xfrm_userpolicy_info info = { .sel = selector(p),
		.lft = no_limits(),
		.priority = POLICY_PRIORITY,
		.dir = (uint8_t)p->direction,
		.action = XFRM_POLICY_ALLOW };
	struct xfrm_user_tmpl template = { .id = { .proto = IPPROTO_ESP },
		.family = p->from.family,
		.reqid = reqid(p->id),
		.mode = modes[p->mode],
		.optional = p->optional,
		.aalgos = ~0u,
		.ealgos = ~0u,
		.calgos = ~0u };
	char from[PREFIX_TEXT], to[PREFIX_TEXT];
	struct nl_msg *m;
	int result;

	if (p->mode == ESP_TUNNEL) {
		template.id.daddr = outer(&p->destination);
		template.saddr = outer(&p->source);
		template.family = p->source.family;
	}
	m = message_new(XFRM_MSG_UPDPOLICY, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	put_data(m, XFRMA_TMPL, &template, sizeof(template));
	if (p->interface)
		put_u32(m, XFRMA_IF_ID, p->interface);
	result = kernel_request(k, KERNEL_XFRM, m, "IPsec policy from %s to %s",
		prefix_text(&p->from, from), prefix_text(&p->to, to));
	if (result == 0)
		kernel_remember(k, KERNEL_XFRM, policy_id_message(p));
	return result;
}

int ipsec_policy_delete(struct kernel *k, const struct esp_policy *p)
{
	char from[PREFIX_TEXT], to[PREFIX_TEXT];

	return kernel_undo(k, KERNEL_XFRM, policy_id_message(p),
		"deleting the IPsec policy from %s to %s", prefix_text(&p->from, from),
		prefix_text(&p->to, to));
}

/* --- sweeping --------------------------------------------------------------------------------- */

struct sweep {
	struct nl_msg *list[256];
	unsigned count;
};

static void note(struct sweep *own, struct nl_msg *undo)
{
	if (own->count < sizeof(own->list) / sizeof(own->list[0]))
		own->list[own->count++] = undo;
	else
		nlmsg_free(undo);
}

static bool is_own(uint32_t id)
{
	return (id & 0xffff0000u) == KERNEL_REQID;
}

static void note_sa(void *context, struct nlmsghdr *h)
{
	const struct xfrm_usersa_info *info = nlmsg_data(h);

	if (nlmsg_datalen(h) < (int)sizeof(*info) || !is_own(info->reqid))
		return;
	struct xfrm_usersa_id id = { .daddr = info->id.daddr,
		.spi = info->id.spi,
		.family = info->family,
		.proto = info->id.proto };
	note(context, message_new(XFRM_MSG_DELSA, 0, &id, sizeof(id)));
}

static void note_policy(void *context, struct nlmsghdr *h)
{
	const struct xfrm_userpolicy_info *info = nlmsg_data(h);
	struct nlattr *attributes[XFRMA_MAX + 1];
	const struct xfrm_user_tmpl *template;

	if (nlmsg_parse(h, sizeof(*info), attributes, XFRMA_MAX, NULL) < 0 ||
		!attributes[XFRMA_TMPL] ||
		nla_len(attributes[XFRMA_TMPL]) < (int)sizeof(*template))
		return;
	template = nla_data(attributes[XFRMA_TMPL]);
	if (!is_own(template->reqid))
		return;
	struct xfrm_userpolicy_id id = { .sel = info->sel, .dir = info->dir };
	note(context, policy_delete_message(&id, attributes[XFRMA_IF_ID]
							? nla_get_u32(attributes[XFRMA_IF_ID])
							: 0));
}

int ipsec_sweep(struct kernel *k)
{
	struct xfrm_usersa_id none = { 0 };
	struct xfrm_userpolicy_id nothing = { 0 };
	struct sweep own = { .count = 0 };
	int result, each;

	result = kernel_query(k, KERNEL_XFRM,
		message_new(XFRM_MSG_GETPOLICY, NLM_F_DUMP, &nothing, sizeof(nothing)), note_policy,
		&own);
	if (result == -EPROTONOSUPPORT)
		return 0; /* a kernel without IPsec has nothing of it left over */
	each = kernel_query(k, KERNEL_XFRM,
		message_new(XFRM_MSG_GETSA, NLM_F_DUMP, &none, sizeof(none)), note_sa, &own);
	if (result == 0)
		result = each;
	for (unsigned i = 0; i < own.count; i++) {
		each = kernel_request(k, KERNEL_XFRM, own.list[i],
			"removing ESP state of an earlier run");
		if (each < 0 && each != -ESRCH && each != -ENOENT)
			result = each;
	}
	return result;
}
