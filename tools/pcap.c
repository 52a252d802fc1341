// SPDX-License-Identifier: GPL-2.0
/* Classic pcap files, in this machine's byte order: readers accept either. */
#include "tool.h"

#define PCAP_MAGIC 0xa1b2c3d4	/* microseconds */
#define LINKTYPE_ETHERNET 1
#define SNAPLEN 262144

struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen;
	uint32_t linktype;
};

struct pcap_record {
	uint32_t seconds, microseconds;
	uint32_t captured;
	uint32_t length;
};

void xtun_pcap_header(FILE *out)
{
	struct pcap_header h = {
		.magic = PCAP_MAGIC,
		.major = 2,
		.minor = 4,
		.snaplen = SNAPLEN,
		.linktype = LINKTYPE_ETHERNET,
	};

	fwrite(&h, sizeof(h), 1, out);
}

void xtun_pcap_frame(FILE *out, const struct xtun_frame *frame)
{
	struct pcap_record r = {
		.seconds = frame->when.tv_sec,
		.microseconds = frame->when.tv_nsec / 1000,
		.captured = frame->len,
		.length = frame->wire_len,
	};

	fwrite(&r, sizeof(r), 1, out);
	fwrite(frame->data, frame->len, 1, out);
}
