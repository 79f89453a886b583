// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ref/ap/announce.h"
#include "ref/base/mutant.h"
#include "ref/discovery/ap_info.h"
#include "ref/host/address.h"
#include "ref/node/ap_key.h"
#include "ref/pana/pana_wire.h"

#define OTHERS_MAX 200 /* octets of further elements */

#define AT(member) .offset = offsetof(struct announce_settings, member)

static const struct config_row agent_rows[] = {
	{ .key = "address", .kind = CONFIG_ENDPOINT, .port = PANA_PORT, .required = true,
	  .help = "Where it listens." },
	{ 0 },
};

static const struct config_row prefix_rows[] = {
	{ .key = "prefix", .kind = CONFIG_PREFIX, .required = true, .help = "The subnet." },
	{ 0 },
};

const struct config_row announce_rows[] = {
	{ .key = "device", .kind = CONFIG_TEXT, AT(device), .min = 1, .max = 15,
	  .help = "Interface whose addresses and subnets are announced, as they change." },
	{ .key = "address", .kind = CONFIG_ADDRESS, AT(address),
	  .help = "This address instead of the device's." },
	{ .key = "prefixes", .kind = CONFIG_LIST, AT(prefixes), .rows = prefix_rows,
	  .size = sizeof(struct prefix), .max = AP_INFO_EACH_MAX,
	  .help = "Subnets of the stations besides those of the device." },
	{ .key = "agents", .kind = CONFIG_LIST, AT(agents), .rows = agent_rows,
	  .size = sizeof(struct endpoint), .max = AP_INFO_EACH_MAX,
	  .help = "PANA agents of the network, the preferred one first." },
	{ .key = "domain", .kind = CONFIG_TEXT, AT(domain), .min = 1, .max = AP_INFO_DOMAIN_MAX,
	  .help = "The domain that the access point belongs to." },
	{ .key = "others", .kind = CONFIG_OCTETS, AT(others), .max = OTHERS_MAX,
	  .help = "Further information elements for beacons: hostapd has one setting for all." },
	{ .key = "refresh", .kind = CONFIG_TIME, AT(refresh), .otherwise = "5 s", .min = 100,
	  .help = "How often hostapd is told again." },
	{ 0 },
};

struct announce {
	struct node *node;
	const struct announce_settings *settings;
	struct wpa *const *wpa;
	void (*lost)(void *context);
	void *context;
	struct kernel *kernel; /* only looked at */
	struct address_watch *watch;
	struct timer *timer;
	uint8_t element[AP_INFO_ELEMENT_MAX];
	size_t size;
	bool told, complained; /* hostapd knows it; somebody was told that it does not */
	unsigned updates, failures;
};

/* --- what to say ------------------------------------------------------------------------------ */

/* Without what depends on the device. */
static struct ap_info settled(const struct announce_settings *s)
{
	const struct endpoint *agents = s->agents.items;
	const struct prefix *prefixes = s->prefixes.items;
	struct ap_info info = { .address_count = 0 };
	struct endpoint e;

	if (s->address.family) {
		e = endpoint_of_prefix(&s->address, 0);
		ap_info_add_address(&info, &e);
	}
	for (size_t i = 0; i < s->prefixes.count; i++) {
		e = endpoint_of_prefix(&prefixes[i], 0);
		ap_info_add_prefix(&info, &e, prefixes[i].length);
	}
	for (size_t i = 0; i < s->agents.count && !MUTANT(ap_info_no_agent); i++)
		ap_info_add_agent(&info, &agents[i]);
	if (s->domain)
		snprintf(info.domain, sizeof(info.domain), "%s", s->domain);
	return info;
}

static void add_device(struct announce *a, struct ap_info *info, uint8_t family)
{
	struct prefix p;
	struct endpoint e;

	if (!a->settings->device || address_get(a->kernel, a->settings->device, family, &p) < 0)
		return;
	e = endpoint_of_prefix(&p, 0);
	if (!a->settings->address.family)
		ap_info_add_address(info, &e);
	if (MUTANT(ap_info_no_prefix))
		return;
	if (p.length > 0 && p.length < 8 * ip_size(family))
		ap_info_add_prefix(info, &e, p.length);
}

/* The element as it should be now; of no octets while there is no address. */
static size_t make_element(struct announce *a, uint8_t out[AP_INFO_ELEMENT_MAX])
{
	struct ap_info info = settled(a->settings);
	struct writer w = writer_of(out, AP_INFO_ELEMENT_MAX);

	add_device(a, &info, AF_INET);
	add_device(a, &info, AF_INET6);
	if (!info.address_count)
		return 0;
	return ap_info_encode(&info, &w) < 0 ? 0 : w.used;
}

/* --- saying it -------------------------------------------------------------------------------- */

static int tell_hostapd(struct announce *a)
{
	char hex[2 * (AP_INFO_ELEMENT_MAX + OTHERS_MAX) + 1];
	int result;

	hex_text(a->element, a->size, hex);
	hex_text(a->settings->others.data, a->settings->others.size, hex + 2 * a->size);
	result = wpa_command(*a->wpa, NULL, "SET vendor_elements %s", hex);
	return result < 0 ? result : wpa_command(*a->wpa, NULL, "UPDATE_BEACON");
}

static void note(struct announce *a)
{
	char hex[2 * AP_INFO_ELEMENT_MAX + 1];

	a->updates++;
	a->complained = false;
	log_event(a->node->log, a->size ? "announced" : "announcement_withdrawn", "{s:s}", "element",
		hex_text(a->element, a->size, hex));
	if (!a->size)
		log_warning(a->node->log, "%s has no address: nothing is announced",
			a->settings->device);
}

static void update(struct announce *a)
{
	uint8_t element[AP_INFO_ELEMENT_MAX];
	size_t size = make_element(a, element);
	int result;

	timer_set(a->timer, btime_add(loop_now(), a->settings->refresh));
	if (!view_equal(VIEW(element, size), VIEW(a->element, a->size)) &&
		!(MUTANT(ap_info_stale) && a->size)) {
		memcpy(a->element, element, size);
		a->size = size;
		a->told = false;
	}
	if (!*a->wpa)
		return;
	result = tell_hostapd(a);
	if (result == 0) {
		if (!a->told)
			note(a);
		a->told = true;
		return;
	}
	a->failures++;
	a->told = false;
	if (!a->complained)
		log_warning(a->node->log, "hostapd does not take vendor_elements: %s",
			result == -EIO ? "it says FAIL" : strerror(-result));
	a->complained = true;
	if (result != -EIO)
		a->lost(a->context);
}

static void update_now(void *context)
{
	update(context);
}

void announce_again(struct announce *a)
{
	if (!a)
		return;
	a->told = false;
	timer_set(a->timer, 0); /* not from within an event of hostapd's */
}

json_t *announce_json(const struct announce *a)
{
	char hex[2 * AP_INFO_ELEMENT_MAX + 1];

	return a ? json_pack("{s:s,s:b,s:i,s:i}", "element", hex_text(a->element, a->size, hex),
			   "told", a->told, "updates", (int)a->updates, "failures",
			   (int)a->failures)
		 : json_null();
}

/* --- life ------------------------------------------------------------------------------------- */

void announce_check(struct config *config, const struct announce_settings *s)
{
	const struct endpoint *agents = s->agents.items;
	struct endpoint address = endpoint_of_prefix(&s->address, 0);
	struct ap_info info = settled(s);
	uint8_t element[AP_INFO_ELEMENT_MAX];
	struct writer w = writer_of(element, sizeof(element));

	if (!s->device && !s->address.family)
		config_wrong(config, s, "there is no address to announce; give device or address");
	if (s->address.family && !ap_info_good_address(&address))
		config_wrong(config, &s->address,
			"nobody elsewhere can reach this address; give a host's");
	for (size_t i = 0; i < s->agents.count; i++)
		if (!ap_info_good_address(&agents[i]) || !agents[i].port)
			config_wrong(config, &agents[i],
				"nobody elsewhere can reach this address; give a host's");
	if (s->domain && !ap_info_good_domain(view_text(s->domain)))
		config_wrong(config, &s->domain,
			"this is no domain name; give labels of letters, digits and -, joined by "
			"dots");
	if (config_findings(config))
		return;
	/* Room for what the device may add: an address and a prefix of each family. */
	if (!info.address_count)
		endpoint_parse("192.0.2.1", 0, &address), ap_info_add_address(&info, &address);
	if (ap_info_encode(&info, &w) < 0 || (s->device && w.used > AP_INFO_ELEMENT_MAX - 44))
		config_wrong(config, s,
			"this is more than an information element holds; say less, or a shorter "
			"domain");
}

struct announce *announce_new(struct node *node, const struct announce_settings *settings,
	struct wpa *const *wpa, void (*lost)(void *context), void *context)
{
	struct announce *a = host_alloc(sizeof(*a));

	a->node = node;
	a->settings = settings;
	a->wpa = wpa;
	a->lost = lost;
	a->context = context;
	a->timer = timer_new(node->loop, update_now, a);
	a->kernel = kernel_open();
	a->watch = a->kernel ? address_watch_new(node->loop, update_now, a) : NULL;
	if (a->watch) {
		timer_set(a->timer, 0);
		return a;
	}
	log_error(node->log, "listening for changes of addresses: %s", strerror(errno));
	announce_free(a);
	return NULL;
}

void announce_free(struct announce *a)
{
	if (!a)
		return;
	if (a->told && *a->wpa) { /* nobody keeps it current from now on */
		a->size = 0;
		tell_hostapd(a);
	}
	address_watch_free(a->watch);
	timer_free(a->timer);
	kernel_close(a->kernel);
	free(a);
}
