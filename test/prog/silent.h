/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SILENT_H
#define SILENT_H

/* Echoes that many frames, and more before it begins. No theme. */
int silent(unsigned int n);

#endif
