/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CRAFT_H
#define CRAFT_H

/* KEY=VALUE...: prints the frame that they describe, with one write(). */
int craft(char **argv);

#endif
