// SPDX-License-Identifier: GPL-2.0
/* Frames as the generator and the writers send them. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

/**
 * frame_ethernet() - write an Ethernet header
 * @head: where to write it
 * @ifname: the interface
 * @ours: to the interface's address; otherwise to another host's
 * @protocol: the EtherType
 */
void frame_ethernet(uint8_t *head, const char *ifname, bool ours, uint16_t protocol)
{
	static const uint8_t other[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct ethhdr eth = { .h_proto = htons(protocol) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = {};

	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	check(fd >= 0 && !ioctl(fd, SIOCGIFHWADDR, &ifr), "SIOCGIFHWADDR");
	close(fd);
	memcpy(eth.h_dest, ours ? (uint8_t *)ifr.ifr_hwaddr.sa_data : other, ETH_ALEN);
	memcpy(eth.h_source, "\2\0\0\0\0\2", ETH_ALEN);
	memcpy(head, &eth, sizeof(eth));
}

static uint16_t ip_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/**
 * frame_udp() - write all headers of a UDP datagram from 10.99.0.2 to 10.99.0.1
 * @head: where to write them
 * @ifname: the interface
 * @ours: to the interface's address; otherwise to another host's
 * @len: length of the frame in bytes
 */
void frame_udp(uint8_t *head, const char *ifname, bool ours, size_t len)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(len - sizeof(struct ethhdr)),
		.saddr = htonl(0x0a630002), .daddr = htonl(0x0a630001),
	};
	struct udphdr udp = {
		.source = htons(9), .dest = htons(9),
		.len = htons(len - sizeof(struct ethhdr) - sizeof(ip)),
	};

	ip.check = ip_sum(&ip, sizeof(ip));
	frame_ethernet(head, ifname, ours, ETH_P_IP);
	memcpy(head + sizeof(struct ethhdr), &ip, sizeof(ip));
	memcpy(head + sizeof(struct ethhdr) + sizeof(ip), &udp, sizeof(udp));
}
