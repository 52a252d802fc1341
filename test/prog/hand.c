// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-test hand DEVICE IFACE COMMAND...: hands the command descriptor 3, attached to
 * an interface with vnet headers, as whoever starts virtual machines does.
 */
#include <linux/if_tun.h>
#include <unistd.h>

#include "xt.h"

int hand(const char *device, const char *ifname, char **command)
{
	int fd = xt_tap(device, ifname, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);

	if (fd != 3 && (dup2(fd, 3) < 0 || close(fd)))
		die("descriptor 3");
	execvp(command[0], command);
	die("exec %s", command[0]);
}
