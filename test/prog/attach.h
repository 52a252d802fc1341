/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ATTACH_H
#define ATTACH_H

#define ATTACH_FD	3	/* as which the command has the file */

/* DEVICE NAME FLAGS COMMAND...: runs it with the device's file, after TUNSETIFF. */
int attach(char **argv);

#endif
