/* SPDX-License-Identifier: GPL-2.0 */
/* What a shell cannot do to have a frame lost, or taken: each of these is one call or two. */
#ifndef LOSE_H
#define LOSE_H

/*
 * On the file of "xtun-test attach": txfilter, filter, ebpf set one that refuses all, and
 * none removes them; fault, layout, detached write what is lost.
 */
int lose(const char *how);
/* An XDP program that answers @verdict, whatever comes, as @path of a bpf file system. */
int pin(const char *verdict, const char *path);
/* A socket that takes an EtherType ("packet") or a protocol of IP ("raw"), and a command. */
int take(char **argv);
/* Holds a process as a debugger does, for as long as it is not ended itself. */
int hold(const char *pid);

#endif
