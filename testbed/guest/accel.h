// SPDX-License-Identifier: Apache-2.0
/*
 * Whether KVM can be used. /dev/kvm can be there and yet useless: QEMU then aborts, or hangs
 * before the guest has said a word. So the only proof is a guest that starts; what was found is
 * noted in the cache until the next boot of this machine, so that the wait is paid once.
 */
#ifndef BATON_TESTBED_GUEST_ACCEL_H
#define BATON_TESTBED_GUEST_ACCEL_H

#include <stdbool.h>

enum kvm_state {
	KVM_ABSENT,    /* no /dev/kvm */
	KVM_FORBIDDEN, /* it is there, but not for this user */
	KVM_UNTRIED,   /* it can be opened */
	KVM_WORKS,     /* a guest started with it since this machine booted */
	KVM_BROKEN,    /* one did not */
};

/* Looks, without starting anything. */
enum kvm_state kvm_state(void);

/* Notes whether a guest started with KVM. Failure to note it is of no consequence. */
void kvm_note(bool works);

#endif
