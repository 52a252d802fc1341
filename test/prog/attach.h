/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ATTACH_H
#define ATTACH_H

#define ATTACH_FD	3	/* as which the command has the file */

/* DEVICE NAME FLAGS COMMAND...: runs it with the device's file, after TUNSETIFF. */
int attach(char **argv);

/* Opens it with O_EXCL. */
int alone(const char *device);

/* On that file: TUNSETIFF, TUNSETIFINDEX, XTUN_IOC_SET_RINGS. */
int setiff(const char *name, const char *flags);
int ifindex(const char *number);
int setrings(void);

/* USER[:GROUP] COMMAND...: runs it as that user, with his own group and that one alone. */
int as_user(const char *who, char **command);

/* TUNSETOFFLOAD, TUNSETPERSIST, TUNSETQUEUE, and what no such file takes. */
int offload(const char *value);
int persist(const char *value);
int link_type(const char *type);
int owner(const char *user);
int setqueue(const char *flags);
int ifflags(const char *ifname);

#endif
