// SPDX-License-Identifier: GPL-2.0
/* All calls, each with a handful of arguments: good ones, at a boundary, bad ones. */
#include <limits.h>
#include <linux/filter.h>
#include <net/if_arp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "abi.h"

/* From newer headers than those that this may be built with. */
#define NEW_IEEE802154_MONITOR	805
#define NEW_PHONET_PIPE		821
#define NEW_IP6GRE		823
#define NEW_6LOWPAN		825
#define NEW_BACKPRESSURE	0x0080
#define NEW_USO4		0x20
#define NEW_USO6		0x40
#define NEW_TUNNEL		0x080
#define NEW_TUNNEL_CSUM		0x100
#define NEW_NO_CARRIER		0x0040

#define TAP	(IFF_TAP | IFF_NO_PI)
#define TUN	(IFF_TUN | IFF_NO_PI)

#define IFR(_text, _flags)		{ _text, FLAGS, _flags, "@" }
#define NAMED(_text, _flags, _name)	{ _text, FLAGS, _flags, _name }
#define BY_VALUE(v)			{ #v, VALUE, v, NULL }
#define BY_POINTER(v)			{ #v, INT, v, NULL }
#define NONE				{ "to nowhere", NOWHERE, 0, NULL }
#define PAST				{ "to the edge", EDGE, 0, NULL }
#define INTO				{ "well", OUT, 0, NULL }

static const struct arg set_iff[] = {
	IFR("tap", TAP),
	IFR("tun", TUN),
	IFR("tap pi", IFF_TAP),
	IFR("tun pi", IFF_TUN),
	IFR("tap vnet", TAP | IFF_VNET_HDR),
	IFR("tun vnet", TUN | IFF_VNET_HDR),
	IFR("tap pi vnet", IFF_TAP | IFF_VNET_HDR),
	IFR("tun pi vnet", IFF_TUN | IFF_VNET_HDR),
	IFR("tap multi", TAP | IFF_MULTI_QUEUE),
	IFR("tap multi vnet", TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR),
	IFR("tun multi", TUN | IFF_MULTI_QUEUE),
	IFR("tap napi", TAP | IFF_NAPI),
	IFR("tun napi", TUN | IFF_NAPI),
	IFR("tap frags", TAP | IFF_NAPI | IFF_NAPI_FRAGS),
	IFR("tap frags without napi", TAP | IFF_NAPI_FRAGS),
	IFR("tun frags", TUN | IFF_NAPI | IFF_NAPI_FRAGS),
	IFR("tap excl", TAP | IFF_TUN_EXCL),
	IFR("tap no_carrier", TAP | NEW_NO_CARRIER),
	IFR("tap one_queue", TAP | IFF_ONE_QUEUE),
	IFR("tap backpressure", TAP | NEW_BACKPRESSURE),
	IFR("tap persist", TAP | IFF_PERSIST),
	IFR("tap attach|detach", TAP | IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE),
	IFR("tap attach", TAP | IFF_ATTACH_QUEUE),
	IFR("tap multi detach", TAP | IFF_MULTI_QUEUE | IFF_DETACH_QUEUE),
	IFR("tap multi pi", IFF_TAP | IFF_MULTI_QUEUE),
	IFR("tap multi napi", TAP | IFF_MULTI_QUEUE | IFF_NAPI),
	IFR("tap multi excl", TAP | IFF_MULTI_QUEUE | IFF_TUN_EXCL),
	IFR("tap napi pi", IFF_TAP | IFF_NAPI),
	IFR("tap napi vnet", TAP | IFF_NAPI | IFF_VNET_HDR),
	IFR("tap frags vnet", TAP | IFF_NAPI | IFF_NAPI_FRAGS | IFF_VNET_HDR),
	IFR("tun multi vnet", TUN | IFF_MULTI_QUEUE | IFF_VNET_HDR),
	IFR("tun excl one_queue persist", TUN | IFF_TUN_EXCL | IFF_ONE_QUEUE | IFF_PERSIST),
	IFR("tap and tun", TAP | TUN),
	IFR("every bit", 0xffff),
	IFR("neither", IFF_NO_PI),
	IFR("unknown bits", TAP | 0x000c),
	NAMED("tap unnamed", TAP, ""),
	NAMED("tun unnamed", TUN, ""),
	NAMED("tap %d", TAP, "@%d"),
	NAMED("tap a/b", TAP, "a/b"),
	NAMED("tap %d%d", TAP, "%d%d"),
	NAMED("tap %s", TAP, "@%s"),
	NAMED("tap without NUL", TAP, "0123456789abcdef"),
	NAMED("tap ..", TAP, ".."),
	NAMED("tap with a blank", TAP, "a b"),
	NAMED("tap with a colon", TAP, "a:b"),
	NAMED("tap .", TAP, "."),
	NAMED("tap lo", TAP, "lo"),
	NONE, PAST,
};

static const struct arg set_iff_as[] = {
	IFR("tap", TAP),
	IFR("tun multi", TUN | IFF_MULTI_QUEUE),
	IFR("tap frags", TAP | IFF_NAPI | IFF_NAPI_FRAGS),
};

static const struct arg set_queue[] = {
	IFR("attach", IFF_ATTACH_QUEUE),
	IFR("detach", IFF_DETACH_QUEUE),
	IFR("both", IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE),
	IFR("neither", 0),
	NONE, PAST,
};

static const struct arg answer[] = { INTO, NONE, PAST };

static const struct arg set_ifindex[] = {
	BY_POINTER(0), BY_POINTER(7777), BY_POINTER(1), BY_POINTER(-1), BY_POINTER(INT_MAX),
	NONE, PAST,
};

static const struct arg number[] = { BY_VALUE(0), BY_VALUE(1), BY_VALUE(-1) };

static const struct arg uid[] = {
	BY_VALUE(0), BY_VALUE(1000), BY_VALUE(65534), BY_VALUE(-1),
};

static const struct arg set_link[] = {
	{ "ether", VALUE, ARPHRD_ETHER, NULL },
	{ "ppp", VALUE, ARPHRD_PPP, NULL },
	{ "none", VALUE, ARPHRD_NONE, NULL },
	{ "infiniband", VALUE, ARPHRD_INFINIBAND, NULL },
	{ "tunnel6", VALUE, ARPHRD_TUNNEL6, NULL },
	{ "tunnel", VALUE, ARPHRD_TUNNEL, NULL },
	{ "sit", VALUE, ARPHRD_SIT, NULL },
	{ "ipgre", VALUE, ARPHRD_IPGRE, NULL },
	{ "ip6gre", VALUE, NEW_IP6GRE, NULL },
	{ "fddi", VALUE, ARPHRD_FDDI, NULL },
	{ "hippi", VALUE, ARPHRD_HIPPI, NULL },
	{ "ieee802", VALUE, ARPHRD_IEEE802, NULL },
	{ "ieee802154", VALUE, ARPHRD_IEEE802154, NULL },
	{ "ieee802154 monitor", VALUE, NEW_IEEE802154_MONITOR, NULL },
	{ "6lowpan", VALUE, NEW_6LOWPAN, NULL },
	{ "rose", VALUE, ARPHRD_ROSE, NULL },
	{ "netrom", VALUE, ARPHRD_NETROM, NULL },
	{ "localtlk", VALUE, ARPHRD_LOCALTLK, NULL },
	{ "phonet pipe", VALUE, NEW_PHONET_PIPE, NULL },
	BY_VALUE(0), BY_VALUE(-1), BY_VALUE(0x10001),
};

static const struct arg set_offload[] = {
	BY_VALUE(0),
	{ "csum", VALUE, TUN_F_CSUM, NULL },
	{ "csum tso4", VALUE, TUN_F_CSUM | TUN_F_TSO4, NULL },
	{ "csum tso4 tso6 ecn", VALUE, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	  NULL },
	{ "csum ecn", VALUE, TUN_F_CSUM | TUN_F_TSO_ECN, NULL },
	{ "csum tso6 ecn", VALUE, TUN_F_CSUM | TUN_F_TSO6 | TUN_F_TSO_ECN, NULL },
	{ "csum tso6", VALUE, TUN_F_CSUM | TUN_F_TSO6, NULL },
	{ "csum ufo", VALUE, TUN_F_CSUM | TUN_F_UFO, NULL },
	{ "ufo", VALUE, TUN_F_UFO, NULL },
	{ "tso4", VALUE, TUN_F_TSO4, NULL },
	{ "csum uso4", VALUE, TUN_F_CSUM | NEW_USO4, NULL },
	{ "csum uso4 uso6", VALUE, TUN_F_CSUM | NEW_USO4 | NEW_USO6, NULL },
	{ "csum uso6", VALUE, TUN_F_CSUM | NEW_USO6, NULL },
	{ "csum uso tunnel", VALUE, TUN_F_CSUM | NEW_USO4 | NEW_USO6 | NEW_TUNNEL, NULL },
	{ "csum tso6 tunnel csum", VALUE, TUN_F_CSUM | TUN_F_TSO6 | NEW_TUNNEL_CSUM, NULL },
	{ "csum tso4 tunnel", VALUE, TUN_F_CSUM | TUN_F_TSO4 | NEW_TUNNEL, NULL },
	{ "csum tso4 uso tunnel csum", VALUE, TUN_F_CSUM | TUN_F_TSO4 | NEW_USO4 | NEW_USO6 |
	  NEW_TUNNEL | NEW_TUNNEL_CSUM, NULL },
	{ "unknown bit", VALUE, TUN_F_CSUM | 0x8000, NULL },
	BY_VALUE(-1),
};

static const struct arg set_txfilter[] = {
	{ "none", TXFILTER, 0, "" },
	{ "one", TXFILTER, 1, "" },
	{ "everyone", TXFILTER, 1, "everyone" },
	{ "eight", TXFILTER, 8, "" },
	{ "ten", TXFILTER, 10, "" },
	{ "one allmulti", TXFILTER, 1, "allmulti" },
	{ "nine", TXFILTER, 9, "" },
	{ "nine allmulti", TXFILTER, 9, "allmulti" },
	{ "nine unicast", TXFILTER, 9, "unicast" },
	{ "a list past the edge", TXFILTER, 1, "edge" },
	NONE, PAST,
};

static const struct arg set_filter[] = {
	{ "accept", FILTER, 1, "accept" },
	{ "drop", FILTER, 1, "drop" },
	{ "first 20 bytes", FILTER, 1, "trim" },
	{ "empty", FILTER, 0, "accept" },
	{ "invalid", FILTER, 1, "invalid" },
	{ "of nowhere", FILTER, 1, "nowhere" },
	{ "too long", FILTER, BPF_MAXINSNS + 1, "accept" },
	NONE, PAST,
};

static const struct arg set_program[] = {
	{ "all", PROGRAM, 0, "all" },
	{ "nothing", PROGRAM, 0, "nothing" },
	{ "off", PROGRAM, -1, NULL },
	{ "no program", PROGRAM, 0, NULL },
	{ "no descriptor", PROGRAM, 9999, NULL },
	NONE, PAST,
};

static const struct arg set_sndbuf[] = {
	BY_POINTER(65536), BY_POINTER(1), BY_POINTER(0), BY_POINTER(-1), BY_POINTER(INT_MAX),
	NONE, PAST,
};

static const struct arg set_hdrsz[] = {
	BY_POINTER(10), BY_POINTER(12), BY_POINTER(24), BY_POINTER(9), BY_POINTER(0),
	BY_POINTER(-1), BY_POINTER(65535), BY_POINTER(INT_MAX), NONE, PAST,
};

static const struct arg set_bool[] = { BY_POINTER(0), BY_POINTER(1), BY_POINTER(-1), NONE, PAST };

static const struct arg set_mac[] = {
	{ "good", MAC, ARPHRD_ETHER, "\x02\x11\x22\x33\x44\x55" },
	{ "multicast", MAC, ARPHRD_ETHER, "\x03\x11\x22\x33\x44\x55" },
	{ "of another type", MAC, ARPHRD_PPP, "\x02\x11\x22\x33\x44\x66" },
	NONE, PAST,
};

static const struct arg set_read[] = {
	BY_VALUE(2000), BY_VALUE(0), BY_VALUE(1), BY_VALUE(3), BY_VALUE(4), BY_VALUE(13),
	BY_VALUE(20), NONE, PAST,
};

static const struct arg set_write[] = {
	{ "frame", VALUE, 60, "ether" },
	{ "packet", VALUE, 40, "ip" },
	{ "as it wants", VALUE, 0, "formatted" },
	{ "vnet nonsense", VALUE, 0, "nonsense" },
	{ "segments", VALUE, 0, "segments" },
	{ "segments with their checksum", VALUE, 0, "summed" },
	{ "nothing", VALUE, 0, "ether" },
	{ "3 bytes", VALUE, 3, "ether" },
	{ "4 bytes", VALUE, 4, "ether" },
	{ "9 bytes", VALUE, 9, "ether" },
	{ "13 bytes", VALUE, 13, "ether" },
	{ "14 bytes", VALUE, 14, "ether" },
	{ "9000 bytes", VALUE, 9000, "ether" },
	{ "65500 bytes", VALUE, 65500, "ether" },
	{ "70000 bytes", VALUE, 70000, "ether" },
	NONE, PAST,
};

static const struct arg once[] = { { "in and out", VALUE, 0, NULL } };
static const struct arg again[] = { { "again", VALUE, 0, NULL } };

static const struct arg set_ip_link[] = {
	{ "up", VALUE, LINK_UP, NULL },
	{ "down", VALUE, LINK_DOWN, NULL },
	{ "delete", VALUE, LINK_DELETE, NULL },
	{ "rename", VALUE, LINK_RENAME, NULL },
};

static const struct arg set_send[] = {
	{ "frame", VALUE, FRAME_ETHER, NULL },
	{ "long frame", VALUE, FRAME_LONG, NULL },
	{ "TCP in segments", VALUE, FRAME_GSO, NULL },
};

#define TABLE(t)		t, sizeof(t) / sizeof(*(t))
#define IOCTL(name, type, t)	{ #name, name, sizeof(type), call_ioctl, TABLE(t), false }
#define SHARED(name, type, t)	{ #name, name, sizeof(type), call_ioctl, TABLE(t), true }

const struct op ops[] = {
	SHARED(TUNSETIFF, struct ifreq, set_iff),
	{ "TUNSETIFF-by-nobody", TUNSETIFF, sizeof(struct ifreq), call_ioctl_as_nobody,
	  TABLE(set_iff_as), true },
	SHARED(TUNSETQUEUE, struct ifreq, set_queue),
	SHARED(TUNGETIFF, struct ifreq, answer),
	IOCTL(TUNGETFEATURES, int, answer),
	IOCTL(TUNSETIFINDEX, int, set_ifindex),
	IOCTL(TUNSETPERSIST, int, number),
	IOCTL(TUNSETOWNER, int, uid),
	IOCTL(TUNSETGROUP, int, uid),
	IOCTL(TUNSETLINK, int, set_link),
	IOCTL(TUNSETOFFLOAD, int, set_offload),
	IOCTL(TUNSETTXFILTER, struct tun_filter, set_txfilter),
	IOCTL(TUNATTACHFILTER, struct sock_fprog, set_filter),
	IOCTL(TUNDETACHFILTER, struct sock_fprog, answer),
	IOCTL(TUNGETFILTER, struct sock_fprog, answer),
	IOCTL(TUNSETSTEERINGEBPF, int, set_program),
	IOCTL(TUNSETFILTEREBPF, int, set_program),
	IOCTL(TUNSETCARRIER, int, set_bool),
	IOCTL(TUNGETSNDBUF, int, answer),
	IOCTL(TUNSETSNDBUF, int, set_sndbuf),
	IOCTL(TUNGETVNETHDRSZ, int, answer),
	IOCTL(TUNSETVNETHDRSZ, int, set_hdrsz),
	IOCTL(TUNGETVNETLE, int, answer),
	IOCTL(TUNSETVNETLE, int, set_bool),
	IOCTL(TUNGETVNETBE, int, answer),
	IOCTL(TUNSETVNETBE, int, set_bool),
	IOCTL(TUNSETNOCSUM, int, number),
	IOCTL(TUNSETDEBUG, int, number),
	IOCTL(TUNGETDEVNETNS, int, answer),
	IOCTL(SIOCGSKNS, int, answer),
	IOCTL(SIOCGIFHWADDR, struct ifreq, answer),
	IOCTL(SIOCSIFHWADDR, struct ifreq, set_mac),
	/* Calls that neither device has. */
	IOCTL(SIOCGIFMTU, struct ifreq, answer),
	IOCTL(FIONREAD, int, answer),
	IOCTL(TCGETS, int, answer),
	{ "unknown-ioctl", _IOW('T', 250, int), sizeof(int), call_ioctl, TABLE(answer), false },
	{ "read", 0, 2000, call_read, TABLE(set_read), true },
	{ "write", 0, 60, call_write, TABLE(set_write), true },
	{ "poll", 0, 0, call_poll, TABLE(once), true },
	{ "open", 0, 0, call_reopen, TABLE(again), true },
	{ "ip-link", 0, 0, call_link, TABLE(set_ip_link), false },
	{ "send", 0, 0, call_send, TABLE(set_send), false },
};

const unsigned int n_ops = sizeof(ops) / sizeof(*ops);
