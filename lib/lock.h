/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "One at a time" for cron programs: a lock on a file beside the store, which the kernel lets go when the program ends,
 * however it ends. The file stays, empty.
 */
#ifndef NETMON_LIB_LOCK_H
#define NETMON_LIB_LOCK_H

/* Takes the lock of `job` ("aggregate") on a store ("sqlite:PATH": the file is PATH.aggregate.lock). 0, and the lock is
 * held until the program ends; NM_EEXISTS: another run holds it; NM_ELIMIT: the path is too long; or -errno. Call once. */
int lock_take(const char *store, const char *job);

#endif
