/* SPDX-License-Identifier: GPL-2.0 */
/* What xtun status gathers, in the order of gathering. */
#ifndef XTUN_STATUS_H
#define XTUN_STATUS_H

#include "tool.h"

#include <linux/ethtool.h>
#include <sys/types.h>

/* netns.c: the network namespace of this process */
struct xtun_netns {
	unsigned long inode;	/* 0 if /proc does not say */
	char name[256];		/* as ip netns knows it, or empty */
	bool of_init;		/* it is that of pid 1, as far as visible */
};

void xtun_netns_read(struct xtun_netns *ns);
unsigned long xtun_netns_of(pid_t pid);

/* iface.c: interfaces of this namespace */
struct xtun_iface {
	char name[IF_NAMESIZE];
	char driver[32], version[32];
	int index;
	bool up;
	bool carrier;		/* valid only while up */
	bool arp;
	bool ethernet;
	uint8_t mac[MAC_LEN];
	int mtu, txqueuelen;
};

bool xtun_iface_read(const char *name, struct xtun_iface *iface);
int xtun_iface_find(const char *name, struct xtun_iface *iface);
int xtun_iface_find_own(const char *name, struct xtun_iface *iface);
int xtun_iface_list(struct xtun_iface **list, size_t *n);
int xtun_ethtool(const char *ifname, void *request);

/* counters.c: what ethtool -S shows */
enum xtun_direction { XTUN_TX, XTUN_RX, XTUN_DIRECTIONS };

struct xtun_counter {
	char name[ETH_GSTRING_LEN + 1];
	uint64_t value;
};

struct xtun_counters {
	size_t n;
	struct xtun_counter list[];
};

/* A counter's name, split: q3_tx_lost_full is queue 3, tx, "lost_full". */
struct xtun_counter_name {
	unsigned int queue;
	enum xtun_direction direction;	/* XTUN_DIRECTIONS if it has none */
	const char *rest;
	const char *loss;		/* "full", or NULL if it counts no loss */
};

struct xtun_counters *xtun_counters_read(const char *ifname);
bool xtun_counter_split(const char *name, struct xtun_counter_name *split);
uint64_t xtun_counter_get(const struct xtun_counters *c, unsigned int queue,
			  enum xtun_direction direction, const char *rest);

/* law.c: in = out + waiting + lost */
enum xtun_verdict { XTUN_HOLDS, XTUN_BUSY, XTUN_BROKEN };

struct xtun_flow {
	unsigned int queue;
	enum xtun_direction direction;
	uint64_t in, out, waiting, lost;
	long long off;			/* in - out - waiting - lost */
	enum xtun_verdict verdict;
	const struct xtun_counters *counters;	/* the reading that was judged */
};

struct xtun_law {
	size_t flows;
	struct xtun_flow *flow;		/* by queue, tx before rx */
	struct xtun_counters *readings[8];
	size_t n;
};

bool xtun_law_judge(const char *ifname, struct xtun_law *law);
void xtun_law_free(struct xtun_law *law);

/* losses.c: what a loss means and what to do about it */
struct xtun_loss {
	enum xtun_direction direction;
	/* '@' stands for the interface in all of these. Commands are for xtun_rule_print(). */
	const char *name, *meaning;
	const char *cure, *undo;	/* commands: fix it, revert the fix; or NULL */
	const char *advice;		/* what a command cannot do, or NULL */
};

extern const struct xtun_loss xtun_loss_whole_frame;
const struct xtun_loss *xtun_loss_find(enum xtun_direction direction, const char *name, bool rings,
				       int err);

/* lost.c: the last losses, as many as the module remembers */
#define XTUN_LOSSES 32

struct xtun_lost {
	uint64_t number, last_number;	/* of the first frame and the last */
	uint64_t times;			/* fewer if others were lost in between */
	double first, last;		/* seconds ago */
	unsigned int queue;
	enum xtun_direction direction;
	char loss[32];			/* name as in struct xtun_loss */
	size_t len;
	unsigned int waiting, oldest_ms;	/* frames in the queue at that time */
	unsigned int ring_size;		/* of the tx ring in which they waited; 0: no ring */
	pid_t reader;			/* read last, idle_ms before; 0: no read was seen */
	unsigned int idle_ms;		/* for a ring, a lower bound */
	int err;			/* errno that the writer got, or 0 */
	char wrong[96];			/* the wrong value in the program's rings, or empty */
	size_t kept;
	uint8_t bytes[128];		/* the first bytes of the frame */
};

struct xtun_losses {
	unsigned int asleep_ms;		/* how long a reader has not read; 0: none sleeps */
	unsigned int asleep_queue;	/* its queue */
	pid_t asleep_reader;		/* who read that queue last; 0: not known */
	size_t n;
	struct xtun_lost list[XTUN_LOSSES];
};

bool xtun_losses_read(const char *ifname, struct xtun_losses *losses);
uint64_t xtun_losses_sum(const struct xtun_losses *losses);
bool xtun_lost_in_a_row(const struct xtun_lost *l);
bool xtun_lost_may_be(const struct xtun_lost *l, uint64_t number);
void xtun_obituary(const char *ifname, bool json);

/* users.c: who has /dev/xtun open */
struct xtun_user {
	pid_t pid;
	int fd;
	char comm[32];
	char ifname[IF_NAMESIZE];	/* empty: not attached */
	int queue;
	bool reads, writes, rings;
	unsigned long netns;		/* 0 if it may not be seen */
};

struct xtun_users {
	struct xtun_user *list;
	size_t n;
	size_t hidden;			/* processes that may not be inspected */
	bool looked;			/* false: no /proc */
};

bool xtun_pids_are_first(void);
bool xtun_has_ended(pid_t pid);
void xtun_comm_read(pid_t pid, char *comm, size_t size);
void xtun_users_scan(struct xtun_users *users);

/* kernel.c: parts that a kernel may be built without */
#define XTUN_KERNEL_PARTS 5

size_t xtun_kernel_lacks(const char *lacks[XTUN_KERNEL_PARTS]);
bool xtun_kernel_runs(const char *module);
bool xtun_kernel_has(const char *module);

/* status.c gathers the report; status_text.c and status_json.c print it */
struct xtun_report {
	struct xtun_netns netns;
	bool loaded;
	const char *lacks[XTUN_KERNEL_PARTS];
	size_t n_lacks;
	struct xtun_users users;
	size_t n;
	struct xtun_report_iface {
		struct xtun_iface iface;
		bool judged;		/* false: its counters could not be read */
		struct xtun_law law;
	} *ifaces;
};

const char *xtun_verdict_name(enum xtun_verdict verdict);
void xtun_status_text(const struct xtun_report *report);
void xtun_status_json(const struct xtun_report *report);

#endif
