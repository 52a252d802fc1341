// SPDX-License-Identifier: GPL-2.0
/*
 * Frames with a comment each, in Wireshark's format: pcapng, draft-ietf-opsawg-pcapng.
 * In this machine's byte order: readers accept either.
 */
#include "why.h"

#include <stdlib.h>
#include <string.h>

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6 };
enum { OPT_END = 0, OPT_COMMENT = 1, OPT_IF_NAME = 2 };
enum { LINK_ETHERNET = 1, LINK_RAW = 101 };	/* LINKTYPE_..., see tcpdump.org */

static void put16(FILE *out, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

static void put32(FILE *out, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, out);
}

/* Pads to a multiple of four bytes, to which every field is aligned. */
static void put_padded(FILE *out, const void *p, size_t n)
{
	static const uint8_t zero[4];

	fwrite(p, 1, n, out);
	fwrite(zero, 1, -n & 3, out);
}

static void put_option(FILE *out, unsigned int code, const char *text)
{
	size_t n = strlen(text);

	put16(out, code);
	put16(out, n);
	put_padded(out, text, n);
}

/* A block has its length both at its start and at its end. */
static void put_block(FILE *out, uint32_t type, const char *body, size_t n)
{
	put32(out, type);
	put32(out, n + 12);
	fwrite(body, 1, n, out);
	put32(out, n + 12);
}

static void put_interface(FILE *out, unsigned int link, const char *ifname)
{
	size_t n;
	char *body;
	FILE *block = open_memstream(&body, &n);

	if (!block)
		return;
	put16(block, link);
	put16(block, 0);
	put32(block, 0);		/* no limit to the length of a frame */
	put_option(block, OPT_IF_NAME, ifname);
	put32(block, OPT_END);
	fclose(block);
	put_block(out, INTERFACE, body, n);
	free(body);
}

/**
 * xtun_pcapng_begin() - begin a file
 * @p: filled
 * @out: the file
 * @ifname: the interface of its frames; not copied
 */
void xtun_pcapng_begin(struct xtun_pcapng *p, FILE *out, const char *ifname)
{
	static const struct {
		uint32_t magic;
		uint16_t major, minor;
		int64_t length;			/* -1: not specified */
	} section = { 0x1a2b3c4d, 1, 0, -1 };

	*p = (struct xtun_pcapng){ .out = out, .ifname = ifname };
	put_block(out, SECTION, (const char *)&section, sizeof(section));
}

/*
 * The file's number for the interface, as one with or without Ethernet headers. Each is
 * written only with its first frame, because libpcap reads only files of one link type. For
 * the same reason a frame that a program wrote to a tun with an Ethernet header is stored as a
 * packet; its comment explains it.
 */
static uint32_t interface_of(struct xtun_pcapng *p, bool ethernet)
{
	if (!p->number[ethernet]) {
		put_interface(p->out, ethernet ? LINK_ETHERNET : LINK_RAW, p->ifname);
		p->number[ethernet] = ++p->n;
	}
	return p->number[ethernet] - 1;
}

static uint64_t microseconds(double ago)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000 - (uint64_t)(ago * 1e6);
}

/* Write a frame, with the report on it as its comment. */
void xtun_pcapng_frame(struct xtun_pcapng *p, const struct xtun_finding *v)
{
	uint32_t interface = interface_of(p, v->ethernet);
	uint64_t when = microseconds(v->last);
	char *body, *comment;
	size_t n, length;
	FILE *block = open_memstream(&body, &n), *text = open_memstream(&comment, &length);

	if (text) {
		xtun_finding_cause(text, v);
		fclose(text);
	}
	if (block && text) {
		put32(block, interface);
		put32(block, when >> 32);
		put32(block, when);
		put32(block, v->kept);
		put32(block, v->len);
		put_padded(block, v->bytes, v->kept);
		put_option(block, OPT_COMMENT, comment);
		put32(block, OPT_END);
	}
	if (block) {
		fclose(block);
		if (text)
			put_block(p->out, PACKET, body, n);
		free(body);
	}
	if (text)
		free(comment);
}
