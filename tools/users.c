// SPDX-License-Identifier: GPL-2.0
/* Who has /dev/xtun open, from the files of every process in /proc. */
#include "status.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void read_fdinfo(struct xtun_user *u)
{
	char path[64], line[128];
	unsigned int flags = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/fdinfo/%d", (long)u->pid, u->fd);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "rings:", 6))
			u->rings = true;
		else if (sscanf(line, "flags: %o", &flags) != 1 &&
			 sscanf(line, "iff: %15[^\n]", u->ifname) != 1)
			sscanf(line, "queue: %d", &u->queue);
	fclose(f);
	u->reads = (flags & O_ACCMODE) != O_WRONLY;
	u->writes = (flags & O_ACCMODE) != O_RDONLY;
}

/* Whether this is the initial pid namespace, whose pids the module's files contain. */
bool xtun_pids_are_first(void)
{
	struct stat st;

	/* PROC_PID_INIT_INO */
	return stat("/proc/self/ns/pid", &st) || st.st_ino == 0xeffffffc;
}

/* Whether no process has a pid from the module's files any more; false if not known. */
bool xtun_has_ended(pid_t pid)
{
	return xtun_pids_are_first() && kill(pid, 0) && errno == ESRCH;
}

/* Read the name of a process; empty if it is gone or not visible. */
void xtun_comm_read(pid_t pid, char *comm, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	if (!xtun_sysfs_line(path, comm, size))
		comm[0] = '\0';
}

static void add_user(struct xtun_users *users, pid_t pid, int fd)
{
	struct xtun_user *u = realloc(users->list, (users->n + 1) * sizeof(*u));

	if (!u) {
		xtun_explain("/proc", errno, NULL);
		return;
	}
	users->list = u;
	u += users->n++;
	*u = (struct xtun_user){ .pid = pid, .fd = fd, .netns = xtun_netns_of(pid) };
	xtun_comm_read(pid, u->comm, sizeof(u->comm));
	read_fdinfo(u);
}

/* Skip sockets, pipes and the like: they need no stat(), which could hang on a dead file server. */
static bool is_device(const char *path, dev_t rdev)
{
	char target[6] = "";
	struct stat st;

	if (readlink(path, target, sizeof(target) - 1) < 0 || target[0] != '/')
		return false;
	return !stat(path, &st) && S_ISCHR(st.st_mode) && st.st_rdev == rdev;
}

static void scan_process(struct xtun_users *users, pid_t pid, dev_t rdev)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	if (!dir) {
		users->hidden += errno == EACCES || errno == EPERM;
		return;
	}
	while ((d = readdir(dir))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, atoi(d->d_name));
		if (is_device(path, rdev))
			add_user(users, pid, atoi(d->d_name));
	}
	closedir(dir);
}

void xtun_users_scan(struct xtun_users *users)
{
	unsigned int major, minor;
	struct dirent *d;
	DIR *dir;

	memset(users, 0, sizeof(*users));
	if (xtun_module_rdev(&major, &minor) <= 0)
		return;
	dir = opendir("/proc");
	if (!dir)
		return;
	users->looked = true;
	while ((d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			scan_process(users, atol(d->d_name), makedev(major, minor));
	closedir(dir);
}
