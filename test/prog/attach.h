/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ATTACH_H
#define ATTACH_H

#define ATTACH_FD	3	/* the descriptor that the command gets */

/*
 * DEVICE NAME FLAGS COMMAND...: opens the device, calls TUNSETIFF and runs the command
 * with the file.
 */
int attach(char **argv);

/* Opens the device with O_EXCL. */
int alone(const char *device);

/* These call TUNSETIFF, TUNSETIFINDEX and XTUN_IOC_SET_RINGS on that file. */
int setiff(const char *name, const char *flags);
int ifindex(const char *number);
int setrings(void);

/*
 * USER[:GROUP] COMMAND...: runs it as that user, with the group of the same number and
 * GROUP only.
 */
int as_user(const char *who, char **command);

/* These call TUNSETOFFLOAD, TUNSETPERSIST, TUNSETLINK and others on that file. */
int offload(const char *value);
int persist(const char *value);
int link_type(const char *type);
int owner(const char *user);
int setqueue(const char *flags);
int ifflags(const char *ifname);

#endif
