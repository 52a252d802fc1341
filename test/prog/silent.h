/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SILENT_H
#define SILENT_H

/* Echoes that many frames, and some more first. Not a theme. */
int silent(unsigned int n);

#endif
