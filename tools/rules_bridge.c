// SPDX-License-Identifier: GPL-2.0
/* Frames that a bridge does not take from its ports, or has no port for. */
#include "rules.h"

#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* IFLA_BRPORT_LOCKED of <linux/if_link.h>, since 5.18. */
#define BRPORT_LOCKED	39

/* BR_STATE_* of <linux/if_bridge.h>. */
enum { DISABLED, LISTENING, LEARNING, FORWARDING, BLOCKING };

static const char * const states[] = {
	[DISABLED] = "disabled", [LISTENING] = "listening", [LEARNING] = "learning",
	[FORWARDING] = NULL, [BLOCKING] = "blocking",
};

/* A number in sysfs about a device or the bridge that it is a port of; -1 if there is none. */
static int number_of(const char *dev, const char *what)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", dev, what);
	return xtun_sysfs_line(path, line, sizeof(line)) ? (int)strtol(line, NULL, 0) : -1;
}

bool xtun_is_port(const struct xtun_iface *dev)
{
	return number_of(dev->name, "brport/state") >= 0;
}

/* The state in which a port forwards nothing; NULL if it forwards. */
static const char *state_that_bars(const char *port)
{
	int state = number_of(port, "brport/state");

	return state >= 0 && (size_t)state < ARRAY_SIZE(states) ? states[state] : NULL;
}

/* False if it is not known. basename() is safe, because a device's name has no '/'. */
static bool find_bridge(const char *port, char name[IF_NAMESIZE])
{
	char path[128], master[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/brport/bridge", port);
	n = readlink(path, master, sizeof(master) - 1);
	if (n < 0)
		return false;
	master[n] = '\0';
	snprintf(name, IF_NAMESIZE, "%s", basename(master));
	return true;
}

bool xtun_is_at_bridge_down(struct xtun_case *c)
{
	int flags = number_of(c->at.name, "brport/bridge/flags");
	char bridge[IF_NAMESIZE];
	struct xtun_word word;

	if (!within(c, "br_ nf_hook") || flags < 0 || flags & IFF_UP ||
	    !find_bridge(c->at.name, bridge))
		return false;
	found(c, 1, "%s", xtun_name(bridge));
	found(c, 2, "%s", xtun_word(bridge, &word));
	return true;
}

/* How to open a port. Where the spanning tree decides, one can only wait. */
static void found_opening(struct xtun_case *c, const char *port)
{
	int state = number_of(port, "brport/state");
	struct xtun_word word;

	if (number_of(port, "master/bridge/stp_state") > 0) {
		found(c, 4, "wait: STP opens it after twice the bridge's forward_delay, or keeps it closed to prevent a loop");
		return;
	}
	found(c, 2, "bridge link set dev %s state 3", xtun_word(port, &word));
	found(c, 3, "bridge link set dev %s state %d", word.text, state);
}

bool xtun_is_blocked(struct xtun_case *c)
{
	const char *state = state_that_bars(c->at.name);

	if (!within(c, "br_ nf_hook") || !state)
		return false;
	found(c, 1, "%s", state);
	found_opening(c, c->at.name);
	return true;
}

/* IEEE 802.3: the bit that is sent first marks a group address. All zeros is no address. */
bool xtun_is_from_no_mac(struct xtun_case *c)
{
	static const uint8_t none[MAC_LEN];
	const uint8_t *from;

	if (!comes_in(c) || !c->packet.mac || !within(c, "br_handle_frame br_add_frame") ||
	    has_no_name(c) || !xtun_is_port(&c->at))
		return false;
	from = c->packet.mac + MAC_LEN;
	found(c, 1, "%02x:%02x:%02x:%02x:%02x:%02x", from[0], from[1], from[2], from[3], from[4],
	      from[5]);
	return from[0] & 1 || !memcmp(from, none, MAC_LEN);
}

/*
 * A bridge neither fragments packets nor informs the sender, with or without DF. It allows
 * four bytes for a VLAN tag besides the header.
 */
bool xtun_is_too_large_for_port(struct xtun_case *c)
{
	size_t header = c->drop->ethernet ? ETH_HEADER : 0;
	bool leaves = !comes_in(c) || strcmp(c->at.name, c->iface->name);

	found(c, 1, "%zu", c->drop->len - header);
	found(c, 2, "%d", c->at.mtu);
	return leaves && unreasoned(c) && within(c, "br_dev_queue_push br_forward") &&
	       xtun_is_port(&c->at) && c->drop->len > header + c->at.mtu + 4;
}

static bool is_outside_bridge_vlan(const struct xtun_case *c)
{
	return within(c, "allowed_ingress br_allowed") && !has_no_name(c) &&
	       number_of(c->at.name, "master/bridge/vlan_filtering") == 1;
}

bool xtun_is_of_strange_bridge_vlan(struct xtun_case *c)
{
	found(c, 1, "%d", c->packet.vlan);
	return is_outside_bridge_vlan(c) && c->packet.vlan > 0;
}

bool xtun_has_no_bridge_vlan(struct xtun_case *c)
{
	struct xtun_word word;
	int vid;

	if (!is_outside_bridge_vlan(c) || c->packet.vlan > 0)
		return false;
	vid = number_of(c->at.name, "master/bridge/default_pvid");
	if (vid > 0) {
		found(c, 1, "bridge vlan add dev %s vid %d pvid untagged",
		      xtun_word(c->at.name, &word), vid);
		found(c, 2, "bridge vlan del dev %s vid %d", word.text, vid);
		found(c, 3, "use the ID of another VLAN; those of all ports: bridge vlan show");
	} else {
		found(c, 3, "the bridge has no default PVID either; choose a VLAN: bridge vlan add dev %s vid N pvid untagged",
		      xtun_word(c->at.name, &word));
	}
	return true;
}

static void read_lock(const struct nlmsghdr *head, void *arg)
{
	const struct nlattr *info = xtun_netlink_linkinfo(head);
	const struct nlattr *port = xtun_netlink_inside(info, IFLA_INFO_SLAVE_DATA);
	const struct nlattr *locked = xtun_netlink_inside(port, BRPORT_LOCKED);

	*(bool *)arg = locked && *(const uint8_t *)xtun_netlink_data(locked);
}

/* A locked port takes frames only from MACs that were configured. */
static bool is_locked(const struct xtun_iface *port)
{
	bool locked = false;

	xtun_netlink_ask_link(port->index, read_lock, &locked);
	return locked;
}

/*
 * Whether the bridge took a unicast frame and sent it by no port. PORT is set to the port that
 * has the destination, or is empty. Where the bridge filters by VLAN, untagged frames are not
 * examined.
 */
static bool is_undeliverable(const struct xtun_case *c, char port[IF_NAMESIZE])
{
	bool filters = number_of(c->at.name, "master/bridge/vlan_filtering") == 1;
	char bridge[IF_NAMESIZE];
	int index;

	if (!comes_in(c) || !c->packet.mac || c->packet.mac[0] & 1 || has_no_name(c) ||
	    !(unreasoned(c) || because(c, "NO_TX_TARGET")) ||
	    !within(c, "br_handle_frame_finish br_forward br_flood") ||
	    (filters && c->packet.vlan <= 0) || !find_bridge(c->at.name, bridge) ||
	    is_locked(&c->at))
		return false;
	index = xtun_bridge_port(if_nametoindex(bridge), c->packet.mac,
				 filters ? c->packet.vlan : 0);
	if (!if_indextoname(index, port))
		port[0] = '\0';
	return true;
}

bool xtun_is_for_its_own_port(struct xtun_case *c)
{
	char port[IF_NAMESIZE];

	return is_undeliverable(c, port) && !strcmp(port, c->at.name) &&
	       number_of(port, "brport/hairpin_mode") == 0;
}

/* A bridge does not forward between two isolated ports. */
static bool are_isolated(const char *one, const char *other)
{
	return number_of(one, "brport/isolated") == 1 && number_of(other, "brport/isolated") == 1;
}

bool xtun_is_for_closed_port(struct xtun_case *c)
{
	char port[IF_NAMESIZE];
	struct xtun_iface out;
	struct xtun_word word;
	const char *state;

	if (!is_undeliverable(c, port) || !xtun_iface_read(port, &out))
		return false;
	state = state_that_bars(port);
	if (!out.up) {
		found(c, 1, "%s, which is down", xtun_name(port));
		found(c, 2, "ip link set dev %s up", xtun_word(port, &word));
		found(c, 3, "ip link set dev %s down", word.text);
	} else if (state && !out.carrier) {
		found(c, 1, "%s, which has no carrier", xtun_name(port));
		found(c, 4, "check the other end of %s", xtun_name(port));
	} else if (state) {
		found(c, 1, "%s, which is in state '%s'", xtun_name(port), state);
		found_opening(c, port);
	} else if (are_isolated(port, c->at.name)) {
		found(c, 1, "%s, but %s and %s are both isolated", xtun_name(port), xtun_name(port),
		      xtun_name(c->at.name));
		found(c, 2, "bridge link set dev %s isolated off", xtun_word(port, &word));
		found(c, 3, "bridge link set dev %s isolated on", word.text);
	} else {
		return false;
	}
	return true;
}

/* The bridge does not know the address, and has no port to flood. */
bool xtun_is_for_no_port(struct xtun_case *c)
{
	char port[IF_NAMESIZE], bridge[IF_NAMESIZE];

	if (!is_undeliverable(c, port) || port[0] || !find_bridge(c->at.name, bridge))
		return false;
	found(c, 1, "%s", xtun_name(bridge));
	return true;
}
