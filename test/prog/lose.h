/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a shell cannot do to have a frame lost, or taken. Each of these is one or two
 * calls.
 */
#ifndef LOSE_H
#define LOSE_H

/*
 * On the file of "xtun-test attach": txfilter, filter and ebpf set a filter that
 * refuses all frames, none removes the filters; fault, pieces, empty and detached write
 * a frame that is lost.
 */
int lose(const char *how);
/* Pins an XDP program that always returns @verdict at @path of a bpf file system. */
int pin(const char *verdict, const char *path);
/*
 * Runs a command with a socket that takes an EtherType ("packet") or a protocol of IP
 * ("raw").
 */
int take(char **argv);
/* Holds a process as a debugger does, until it is ended itself. */
int hold(const char *pid);

#endif
