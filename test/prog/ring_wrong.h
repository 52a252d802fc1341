/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RING_WRONG_H
#define RING_WRONG_H

/*
 * len, flags, rx_prod or tx_cons, or the latter two with "-inside": returns 0 if the
 * kernel breaks the rings. nothing: no mistake; unread: never read. Both return 0 if
 * the rings stay. asleep: read when continued, and stop again. size: a size that is
 * refused, so that it exits with 1 and a message.
 */
int ring_wrong(const char *what);

#endif
