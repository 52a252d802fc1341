// SPDX-License-Identifier: GPL-2.0
/* xtun dump: print the frames that pass an interface, or save them. */
#include "tool.h"
#include "status.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BATCH 64	/* frames between two checks for signals */
#define DOWN_LOOK_MS 500	/* between checks whether an interface that is down still exists */

struct dump {
	struct xtun_iface iface;
	const char *file;
	bool hex, macs, down;
	uint64_t count, seen;
	FILE *out;
	int fd;
};

static void print_frame(const struct dump *d, const struct xtun_frame *f)
{
	struct tm tm;

	localtime_r(&f->when.tv_sec, &tm);
	fprintf(d->out, "%02d:%02d:%02d.%06ld %s %zu ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		f->when.tv_nsec / 1000, f->tx ? "tx" : "rx", f->wire_len);
	if (d->macs)
		xtun_decode_macs(d->out, f->data, f->len);
	xtun_decode(d->out, f->data, f->len, f->wire_len);
	fputc('\n', d->out);
	if (d->hex)
		xtun_hex(d->out, f->data, f->len);
}

static bool is_there(const struct dump *d, char name[IF_NAMESIZE])
{
	if (if_indextoname(d->iface.index, name))
		return true;
	xtun_complain("%s is gone: deleted, or moved to another namespace", d->iface.name);
	return false;
}

/* Returns 1 to go on, -1 to end. Goes on if the interface is down: it may come up again. */
static int no_frame(struct dump *d, int err)
{
	char name[IF_NAMESIZE];
	struct xtun_word word;

	if (err != ENETDOWN) {
		xtun_explain("packet socket", err, d->iface.name);
		return -1;
	}
	if (!is_there(d, name))
		return -1;
	xtun_complain("%s is down; waiting. To bring it up: ip link set dev %s up", name,
		      xtun_word(name, &word));
	d->down = true;
	return 1;
}

/*
 * A packet socket reports that its interface goes down, but not that it is deleted after
 * that (packet_notifier() in net/packet/af_packet.c). Hence the periodic check.
 */
static int wait_for_frame(const struct dump *d, int signal_fd)
{
	char name[IF_NAMESIZE];
	int more = xtun_signals_wait(d->fd, signal_fd, d->down ? DOWN_LOOK_MS : -1);

	return more > 0 && d->down && !is_there(d, name) ? -1 : more;
}

/* Returns 1 if a frame was seen, 0 if none waits, -1 if no more will come. */
static int one_frame(struct dump *d)
{
	struct xtun_frame f;
	int got = xtun_capture_next(d->fd, &f);

	if (got < 0)
		return no_frame(d, errno);
	if (!got)
		return 0;
	d->down = false;
	d->seen++;
	if (d->file)
		xtun_pcap_frame(d->out, &f);
	else
		print_frame(d, &f);
	return 1;
}

static bool enough(const struct dump *d)
{
	return d->count && d->seen >= d->count;
}

static bool flush(const struct dump *d)
{
	if (!fflush(d->out) && !ferror(d->out))
		return true;
	xtun_explain(d->file ? d->file : "standard output", errno, NULL);
	return false;
}

static int dump_loop(struct dump *d, int signal_fd)
{
	int more = 1;

	do {
		for (int i = 0; i < BATCH && more > 0 && !enough(d); i++)
			more = one_frame(d);
		if (!flush(d) || more < 0)
			return EXIT_FAILED;
		if (enough(d))
			return EXIT_OK;
		more = wait_for_frame(d, signal_fd);
	} while (more > 0);
	return more ? EXIT_FAILED : EXIT_OK;
}

static void say_end(const struct dump *d)
{
	unsigned int dropped = xtun_capture_dropped(d->fd);

	fprintf(stderr, "%" PRIu64 " frames seen", d->seen);
	if (dropped)
		fprintf(stderr, ", %u more were missed here: -w FILE is faster", dropped);
	fputc('\n', stderr);
}

static bool open_output(struct dump *d)
{
	d->out = stdout;
	if (!d->file)
		return true;
	if (strcmp(d->file, "-")) {
		d->out = fopen(d->file, "we");
	} else if (isatty(STDOUT_FILENO)) {
		xtun_complain("-w - needs a pipe. Type: xtun dump -w - | tcpdump -r -");
		return false;
	}
	if (!d->out) {
		xtun_explain(d->file, errno, NULL);
		return false;
	}
	xtun_pcap_header(d->out);
	return flush(d);
}

static int watch(struct dump *d)
{
	int signal_fd, status = EXIT_FAILED;

	d->fd = xtun_capture_open(d->iface.name, d->iface.index);
	if (d->fd < 0)
		return EXIT_FAILED;
	signal_fd = xtun_signals_open();
	if (signal_fd < 0)
		goto out_fd;
	if (!open_output(d))
		goto out_signal;
	status = dump_loop(d, signal_fd);
	say_end(d);
	if (d->out != stdout && fclose(d->out)) {
		xtun_explain(d->file, errno, NULL);
		status = EXIT_FAILED;
	}
out_signal:
	close(signal_fd);
out_fd:
	close(d->fd);
	return status;
}

static int dump_run(int argc, char **argv)
{
	struct dump d = { 0 };
	const char *name;
	int opt, status;

	while ((opt = getopt(argc, argv, "w:c:xe")) != -1) {
		if (opt == 'w')
			d.file = optarg;
		else if (opt == 'x')
			d.hex = true;
		else if (opt == 'e')
			d.macs = true;
		else if (opt != 'c' || !xtun_parse_count("-c", optarg, &d.count))
			return xtun_usage(&xtun_command_dump);
	}
	if (argc - optind > 1)
		return xtun_usage(&xtun_command_dump);
	name = optind < argc ? argv[optind] : xtun_ifname();
	status = xtun_iface_find(name, &d.iface);
	return status ? status : watch(&d);
}

const struct command xtun_command_dump = {
	.name = "dump",
	.run = dump_run,
	.args = "[-c COUNT] [-e] [-x] [-w FILE] [IFACE]",
	.summary = "print the frames that pass an interface, one line each",
	.options =
		"  -c COUNT    exit after COUNT frames\n"
		"  -e          print the MAC addresses\n"
		"  -x          print the bytes in hexadecimal\n"
		"  -w FILE     write a pcap file instead (- is standard output)\n"
		"tx is what the kernel sends to userspace, rx what userspace sends to the kernel.\n"
		"Capturing takes no frames away from the program that reads /dev/xtun.\n",
};
