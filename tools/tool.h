/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the xtun program offer each other. */
#ifndef XTUN_TOOL_H
#define XTUN_TOOL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The longest frame that /dev/xtun gives or takes: header, VLAN tag, MTU 65521. */
#define XTUN_FRAME_MAX 65539

#define ETH_HEADER 14
#define MAC_LEN 6

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_ABSENT = 2,	/* no module, no such interface */
	EXIT_USAGE = 64,
};

/* main.c */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *summary;
	const char *options;
};

extern const struct command xtun_command_echo, xtun_command_dump, xtun_command_status,
	xtun_command_why, xtun_command_bench;

int xtun_usage(const struct command *cmd);
bool xtun_parse_count(const char *option, const char *text, uint64_t *count);

/* errors.c */
#define XTUN_NOT_LOADED \
	"the module is not loaded. Type: modprobe xtun (or: insmod ./xtun.ko)"

void xtun_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void xtun_explain(const char *what, int err, const char *ifname);
void xtun_print_about(FILE *out, const char *text, const char *ifname);

/* node.c */
#define XTUN_NODE "/dev/xtun"

struct xtun_node {
	const char *path;
	unsigned int mode, uid, gid;
	bool lets_group;	/* may read and write; likewise below */
	bool bars_others;	/* those who are not root, its user or in its group */
	bool bars_you;
};

void xtun_node_read(const char *path, struct xtun_node *node);
void xtun_node_say(char *text, size_t size, const struct xtun_node *node);

/* signals.c */
int xtun_signals_open(void);
int xtun_signals_wait(int fd, int signal_fd, int timeout_ms);

/* module.c */
const char *xtun_ifname(void);
int xtun_module_rdev(unsigned int *major, unsigned int *minor);
bool xtun_sysfs_line(const char *path, char *buf, size_t size);

/* answer.c */
struct xtun_host {
	uint8_t mac[MAC_LEN];
	uint8_t ip[4];
};

size_t xtun_answer(const struct xtun_host *host, uint8_t *frame, size_t len);
void xtun_swap_macs(const struct xtun_host *host, uint8_t *frame);

/* capture.c */
struct xtun_frame {
	uint8_t *data;
	size_t len;		/* bytes in data */
	size_t wire_len;	/* bytes the frame had */
	bool tx;
	struct timespec when;
};

int xtun_capture_open(const char *ifname, int ifindex);
int xtun_capture_next(int fd, struct xtun_frame *frame);
unsigned int xtun_capture_dropped(int fd);

/* decode.c */
void xtun_decode(FILE *out, const uint8_t *frame, size_t kept, size_t len);
void xtun_decode_macs(FILE *out, const uint8_t *frame, size_t len);
void xtun_hex(FILE *out, const uint8_t *frame, size_t len);

/* word.c */
struct xtun_word {
	char text[64];		/* an interface's name, quoted for a shell */
};

void xtun_word_print(FILE *out, const char *name);
const char *xtun_name(const char *name);
void xtun_text_print(FILE *out, const char *text);
const char *xtun_word(const char *name, struct xtun_word *word);

/* json.c */
void xtun_json_string(FILE *out, const char *text);
void xtun_json_member(FILE *out, const char *key, const char *text);

/* pcap.c */
void xtun_pcap_header(FILE *out);
void xtun_pcap_frame(FILE *out, const struct xtun_frame *frame);

#endif
