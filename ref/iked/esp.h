// SPDX-License-Identifier: Apache-2.0
/*
 * The Child SAs of the node in the kernel: two ESP states each, and the policies that lead traffic
 * to them. A Child SA that replaces another one shares its policies; the last one takes them away.
 * An internal address (RFC 7296 §2.19) is put on the interface that leads to the peer, with a route
 * for the peer's side of the traffic; all other routes are their owner's.
 */
#ifndef BATON_IKED_ESP_H
#define BATON_IKED_ESP_H

#include "ref/ike/ike.h"

struct esp;
struct kernel;

/* `kernel` must outlive it. */
struct esp *esp_new(struct kernel *kernel);
/* Forgets; the kernel's owner takes back what is left there. Accepts NULL. */
void esp_free(struct esp *esp);

#define ESP_WHY_SIZE 160

/*
 * Installs a Child SA of `sa`. 0, or -1 with `why` in words: the kernel's refusal, or a Child SA
 * that does not fit there (selectors that are no prefixes). Nothing of it is left behind then.
 */
int esp_up(struct esp *esp, const struct ike_sa *sa, const struct ike_child_info *info,
	char why[ESP_WHY_SIZE]);

/*
 * A DHCP SA (isakmp_child_is_dhcp) has an interface to itself, and policies for DHCP alone there;
 * its number is used for no other DHCP SA than those that replace it. False: it is not there.
 */
bool esp_dhcp_device(const struct esp *esp, uint32_t spi_in, char device[16], unsigned *number);

/* Takes away the Child SA of `sa` with that inbound SPI, if it is there. */
void esp_down(struct esp *esp, const struct ike_sa *sa, uint32_t spi_in);

/* Takes away all Child SAs of `sa`. */
void esp_over(struct esp *esp, const struct ike_sa *sa);

/* The Child SAs of `sa` are those that another IKE SA had, which it replaces. */
void esp_inherit(struct esp *esp, const struct ike_sa *sa);

/*
 * The Child SAs of `sa` go on where it is now: keys, SPIs and sequence numbers stay. With a
 * migration (docs/address-change.md §6) selectors that were the old address alone move as well;
 * NULL: MOBIKE, selectors stay. 0 or a negative errno, of the first that failed.
 *
 * Policies for the old address stay until esp_settle, so that nothing leaves from there in the
 * clear while programs have not moved yet.
 */
int esp_move(struct esp *esp, const struct ike_sa *sa, const struct ike_migration *migration);

/* No program uses the old address any more. */
void esp_settle(struct esp *esp, const struct ike_sa *sa);

/* Packets that the Child SA with that inbound SPI has carried, in and out. False: not there. */
bool esp_carried(struct esp *esp, uint32_t spi_in, uint64_t *in, uint64_t *out);

/*
 * Octets that the peer of `sa` has sent of late and that were not taken before; aged by esp_age,
 * to be called every 5 s.
 */
uint64_t esp_take_credit(struct esp *esp, const struct ike_sa *sa);
void esp_age(struct esp *esp);

#endif
