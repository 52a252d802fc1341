/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RING_WRONG_H
#define RING_WRONG_H

/*
 * len, flags, rx_prod or tx_cons, or the latter two with "-inside": 0 if the kernel minds.
 * unread: to read nothing. asleep: to read when it is continued, and to stop again. size: 1
 * and a word, for it cannot have them.
 */
int ring_wrong(const char *what);

#endif
