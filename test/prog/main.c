// SPDX-License-Identifier: GPL-2.0
/* xtun-test THEME: runs the cases of a theme, and prints TAP without the plan. */
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "craft.h"
#include "inject.h"
#include "lose.h"
#include "ring_wrong.h"
#include "silent.h"
#include "xt.h"

#define THEMES(T)							\
	T(rw) T(order) T(wait) T(share) T(gone) T(bad) T(config) T(owner) T(group) T(both) \
	T(uring) T(xdp) T(xdp_queues) T(flood) T(stamp) T(volume) T(healthy) T(fault) T(zerocopy) \
	T(redirect) T(redirect_native) T(misqueue) T(unfinished) T(nomem) T(nomem_load) \
	T(nomem_pages) T(nomem_tap) T(nomem_frames) \
	T(flaw_make) T(flaw_frames) T(flaw_detach) T(flaw_rights) T(flaw_slow) \
	T(flaw_race) T(flaw_hammer) \
	T(steer) T(steer_told) T(filter_address) T(filter_program) \
	T(press) T(sndbuf) T(cut) T(ring) T(ring_edge) T(channels) T(ring_refused) T(ring_owner) \
	T(ring_tap) T(ring_share) T(ring_press) T(ring_xdp) T(ways) T(ring_wake) T(ring_time) \
	T(batch) \
	T(ring_bad) T(scale) T(nomem_ring) T(dead) T(drops) T(drops_gone)

#define DECLARE(name)	void theme_##name(void);
THEMES(DECLARE)

void record(const char *path) __attribute__((noreturn));

static const struct {
	const char *name;
	void (*run)(void);
} themes[] = {
#define ENTRY(name)	{ #name, theme_##name },
	THEMES(ENTRY)
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc == 3 && !strcmp(argv[1], "law")) {
		xt_law(argv[2]);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "record"))
		record(argv[2]);
	if ((argc == 5 || argc == 6) && !strcmp(argv[1], "forward"))
		return forward(argv[2], argv[3], argv[4], argc == 6);
	if (argc == 3 && !strcmp(argv[1], "machine"))
		return machine(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "vhost"))
		return vhost(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "offloads"))
		return offloads(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "gro"))
		return gro(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "silent"))
		return silent(atoi(argv[2]));
	if (argc > 5 && !strcmp(argv[1], "attach"))
		return attach(argv + 2);
	if (argc > 3 && !strcmp(argv[1], "as"))
		return as_user(argv[2], argv + 3);
	if (argc == 3 && !strcmp(argv[1], "alone"))
		return alone(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "setiff"))
		return setiff(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "ifindex"))
		return ifindex(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "setrings"))
		return setrings();
	if (argc == 3 && !strcmp(argv[1], "offload"))
		return offload(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "persist"))
		return persist(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "link"))
		return link_type(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "owner"))
		return owner(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "setqueue"))
		return setqueue(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "ifflags"))
		return ifflags(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "ring-wrong"))
		return ring_wrong(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "lose"))
		return lose(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "pin"))
		return pin(argv[2], argv[3]);
	if (argc > 4 && !strcmp(argv[1], "take"))
		return take(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(argv[2]);
	if (argc > 1 && !strcmp(argv[1], "craft"))
		return craft(argv + 2);
	for (i = 0; argc == 2 && i < sizeof(themes) / sizeof(*themes); i++) {
		if (!strcmp(argv[1], themes[i].name)) {
			themes[i].run();
			inject_end();
			return 0;
		}
	}
	fprintf(stderr, "usage: xtun-test law IFACE | record FILE | THEME\n"
			"       xtun-test craft KEY=VALUE...\n"
			"       xtun-test attach DEVICE NAME FLAGS COMMAND...\n"
			"       xtun-test as USER[:GROUP] COMMAND...\n"
			"       xtun-test offload VALUE | persist VALUE | link TYPE | setqueue FLAGS\n"
			"       xtun-test setiff NAME FLAGS | ifindex NUMBER | setrings\n"
			"       xtun-test owner USER\n"
			"       xtun-test ifflags IFACE | alone DEVICE\n"
			"       xtun-test forward DEVICE IFACE IFACE [vnet]\n"
			"       xtun-test machine DEVICE | vhost DEVICE | offloads DEVICE\n"
			"       xtun-test lose HOW | pin VERDICT PATH | hold PID\n"
			"       xtun-test take packet|raw PROTOCOL COMMAND...\n"
			"       xtun-test silent FRAMES | ring-wrong FIELD\n");
	return 2;
}
