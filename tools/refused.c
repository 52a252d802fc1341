// SPDX-License-Identifier: GPL-2.0
/* The last calls that were refused, and which bit, name or permission was wrong. */
#include "why.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

#define PROC "/proc/net/xtun"
#define RECENT_S 60.0
#define SAME_S 1.0
#define TOLD 64U	/* more than the module keeps */

/* From <linux/if_tun.h>; older headers lack some of them. */
enum { F_CSUM = 0x01, F_TSO4 = 0x02, F_TSO6 = 0x04, F_ECN = 0x08, F_USO = 0x60,
	F_TUNNEL = 0x080, F_TUNNEL_CSUM = 0x100, F_KNOWN = 0x1ff };
/* The flags of TUNSETIFF that give the type of the interface. */
enum { F_KINDS = 0x0f };

struct refusal {
	double ago;
	char who[80];	/* each of the 15 characters of a name may be escaped by four */
	char call[32];
	unsigned long value;
	int err;
	char name[64];
};

/* One "%d" stands for a free number. The kernel accepts no other '%'. */
static bool is_no_name(const char *name)
{
	const char *percent = strchr(name, '%');

	return strlen(name) >= IF_NAMESIZE || !strcmp(name, ".") || !strcmp(name, "..") ||
	       strpbrk(name, "/: \t\\") ||
	       (percent && (percent[1] != 'd' || strchr(percent + 2, '%')));
}

/* The current flags of an interface, by now perhaps another one of that name; 0: not known. */
static unsigned int flags_of(const char *name)
{
	char path[64 + IF_NAMESIZE];
	unsigned int flags = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/sys/class/net/%.*s/tun_flags", IF_NAMESIZE - 1, name);
	in = fopen(path, "re");
	if (!in)
		return 0;
	if (fscanf(in, "%x", &flags) != 1)
		flags = 0;
	fclose(in);
	return flags;
}

static void why_other_queues(const struct refusal *r, FILE *out)
{
	unsigned int flags = flags_of(r->name);

	if (flags && !((flags ^ r->value) & IFF_MULTI_QUEUE))
		fprintf(out, "the interface %s has been replaced since; the current one matches the request",
			r->name);
	else
		fprintf(out, "%s was created %s IFF_MULTI_QUEUE (0x100), but requested %s it",
			r->name, r->value & IFF_MULTI_QUEUE ? "without" : "with",
			r->value & IFF_MULTI_QUEUE ? "with" : "without");
}

static void why_not_existing(const struct refusal *r, FILE *out)
{
	struct xtun_iface iface;

	if (!xtun_iface_read(r->name, &iface))
		fputs("no interface of that name exists now, so the cause is not known", out);
	else if (strcmp(iface.driver, "xtun"))
		fprintf(out, "%s belongs to the driver '%s'", r->name, iface.driver);
	else if (!(r->value & (iface.ethernet ? IFF_TAP : IFF_TUN)))
		fprintf(out, "%s is %s, but was requested as %s", r->name,
			iface.ethernet ? "a tap" : "a tun", iface.ethernet ? "a tun" : "a tap");
	else
		why_other_queues(r, out);
}

/* The checks are in the module's order. */
static void why_invalid(const struct refusal *r, FILE *out)
{
	if (r->value & IFF_NAPI_FRAGS &&
	    (!(r->value & IFF_NAPI) || (r->value & F_KINDS) != IFF_TAP))
		fputs("IFF_NAPI_FRAGS (0x20) needs IFF_NAPI (0x10) and IFF_TAP (2)", out);
	else if (!(r->value & (IFF_TUN | IFF_TAP)))
		fputs("the flags contain neither IFF_TUN (1) nor IFF_TAP (2)", out);
	else if (is_no_name(r->name))
		fprintf(out, "'%s' is not a valid interface name", r->name);
	else
		why_not_existing(r, out);
}

/* The module does not remember which number was asked for, or whether the file had rings. */
static void why_busy(const struct refusal *r, FILE *out)
{
	static const char rings[] = "this file has rings of an interface that no longer exists";
	struct xtun_iface iface;

	if (!r->name[0] || strchr(r->name, '%'))
		fprintf(out, "another interface has the index of TUNSETIFINDEX, or %s", rings);
	else if (!xtun_iface_read(r->name, &iface))
		fprintf(out, "%s does not exist now: it was in use then, or another interface has the index of TUNSETIFINDEX, or %s",
			r->name, rings);
	else if (r->value & IFF_TUN_EXCL)
		fprintf(out, "%s already exists, and IFF_TUN_EXCL demands a new one", r->name);
	else if (flags_of(r->name) & IFF_MULTI_QUEUE)
		fputs(rings, out);
	else
		fprintf(out, "another file is attached to %s, which has only one queue (see xtun status), or %s",
			r->name, rings);
}

static bool why_no_interface(const struct refusal *r, FILE *out)
{
	switch (r->err) {
	case EINVAL:
		why_invalid(r, out);
		return true;
	case EBUSY:
		why_busy(r, out);
		return true;
	case EPERM:
		if (r->value & IFF_NAPI_FRAGS)
			fputs("IFF_NAPI_FRAGS (0x20) needs CAP_NET_ADMIN in the initial user namespace, not only in a container",
			      out);
		else
			fprintf(out, "the program is not the owner of %s, and has no CAP_NET_ADMIN",
				r->name[0] ? r->name : "an interface");
		return true;
	case EEXIST:
		fputs("the file is already attached to an interface", out);
		return true;
	case E2BIG:
		fprintf(out, "%s already has its maximum number of queues", r->name);
		return true;
	default:
		return false;
	}
}

/* The name is that of the file's interface, and empty if it has none. */
static bool why_no_queue(const struct refusal *r, FILE *out)
{
	const char *state = r->value & IFF_ATTACH_QUEUE ? "attached" : "detached";
	unsigned int flags = r->name[0] ? flags_of(r->name) : 0;

	if (r->err != EINVAL)
		return false;
	if (!(r->value & (IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE)))
		fputs("the flags contain neither IFF_ATTACH_QUEUE (0x200) nor IFF_DETACH_QUEUE (0x400)",
		      out);
	else if (!r->name[0])
		fputs("the file has no interface: call TUNSETIFF first", out);
	else if (!flags)
		fprintf(out, "%s was created without IFF_MULTI_QUEUE (0x100), or the queue was already %s",
			r->name, state);
	else if (!(flags & IFF_MULTI_QUEUE))
		fprintf(out, "%s was created without IFF_MULTI_QUEUE (0x100)", r->name);
	else
		fprintf(out, "the queue was already %s, or the file was attached without TUNSETIFF",
			state);
	return true;
}

static bool why_no_offload(const struct refusal *r, FILE *out)
{
	unsigned long unknown = r->value & ~(unsigned long)F_KNOWN;
	unsigned long needy = r->value & (F_TSO4 | F_TSO6 | F_USO | F_TUNNEL);

	if (r->err != EINVAL)
		return false;
	if (unknown)
		fprintf(out, "unknown flag bits: 0x%lx", unknown);
	else if (needy && !(r->value & F_CSUM))
		fprintf(out, "the flags 0x%lx need TUN_F_CSUM (1)", needy);
	else if (r->value & F_ECN && !(r->value & (F_TSO4 | F_TSO6)))
		fputs("TUN_F_TSO_ECN (8) needs TUN_F_TSO4 (2) or TUN_F_TSO6 (4)", out);
	else if ((r->value & F_USO) != F_USO && r->value & F_USO)
		fputs("TUN_F_USO4 and TUN_F_USO6 (0x60) must be set together", out);
	else if (r->value & F_TUNNEL && !(r->value & (F_TSO4 | F_TSO6 | F_USO)))
		fputs("TUN_F_UDP_TUNNEL_GSO (0x80) needs a flag of TSO or USO", out);
	else if (r->value & F_TUNNEL_CSUM && !(r->value & F_TUNNEL))
		fputs("TUN_F_UDP_TUNNEL_GSO_CSUM (0x100) needs TUN_F_UDP_TUNNEL_GSO (0x80)", out);
	else
		fprintf(out, "this kernel does not support all of 0x%lx", r->value);
	return true;
}

/* For each errno a sentence; those without @rings apply to every attempt to attach. */
static const struct {
	bool rings;
	int err;
	const char *why;
} sentences[] = {
	{ true, EOPNOTSUPP,
	  "rings are not available (rings=0, or an aliasing data cache): use batches" },
	{ true, EINVAL,
	  "a ring has a power of two from 131072 to 67108864 bytes; idle_usecs is for a poller" },
	{ true, EACCES, "the file is not open for both reading and writing" },
	{ true, EEXIST, "the file already has rings" },
	{ true, EPERM,
	  "more memory than RLIMIT_MEMLOCK allows (ulimit -l), or no permission to attach" },
	{ true, EBADFD, "its interface no longer exists" },
	{ false, EBUSY,
	  "another file has its queue, and one of them needs it alone (TUNSETIFF, O_EXCL, rings)" },
	{ false, ENODEV,
	  "no interface of that name (module parameter name) exists in the program's namespace" },
	{ false, EPERM, "the program does not own the interface, and has no CAP_NET_ADMIN" },
};

static bool why_not_attached(const struct refusal *r, bool rings, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		if (sentences[i].err != r->err || (sentences[i].rings && !rings))
			continue;
		fputs(sentences[i].why, out);
		return true;
	}
	return false;
}

static void print_why(const struct refusal *r, FILE *out)
{
	bool told = false;

	if (!strcmp(r->call, "SIOCSIFFLAGS")) {
		fputs("flags of an interface are set through a socket, not through this file", out);
		told = true;
	} else if (!strcmp(r->call, "attach")) {
		told = why_not_attached(r, false, out);
	} else if (!strcmp(r->call, "XTUN_IOC_SET_RINGS")) {
		told = why_not_attached(r, true, out);
	} else if (r->err == EBADFD) {
		fputs("call TUNSETIFF first", out);
		told = true;
	} else if (!strcmp(r->call, "TUNSETQUEUE")) {
		told = why_no_queue(r, out);
	} else if (!strcmp(r->call, "TUNSETIFF")) {
		told = why_no_interface(r, out);
	} else if (!strcmp(r->call, "TUNSETOFFLOAD")) {
		told = why_no_offload(r, out);
	}
	if (!told)
		fputs("see docs/abi.md for what it requires", out);
}

/* "refused 0.250 s ago: openvpn[812] TUNSETIFF 0x1002: errno 22, name tap0" */
static bool parse(const char *line, struct refusal *r)
{
	const char *p;
	int n = 0;

	memset(r, 0, sizeof(*r));
	if (sscanf(line, "refused %lf s ago: %n", &r->ago, &n) != 1 || !n)
		return false;
	/* A program's name may contain these, too; what follows its number does not. */
	p = NULL;
	for (const char *q = line + n; (q = strstr(q, "] ")); q++)
		p = q;
	if (!p || (size_t)(p + 1 - line - n) >= sizeof(r->who))
		return false;
	memcpy(r->who, line + n, p + 1 - line - n);
	if (sscanf(p + 2, "%31s 0x%lx: errno %d", r->call, &r->value, &r->err) != 3)
		return false;
	p = strstr(p, ", name ");
	if (p)
		sscanf(p, ", name %63s", r->name);
	return true;
}

static void print_call(const struct refusal *r, FILE *out)
{
	/* These have no number as their argument. */
	bool plain = !strcmp(r->call, "attach") || !strcmp(r->call, "XTUN_IOC_SET_RINGS");

	fputs(r->call, out);
	if (!plain)
		fprintf(out, " 0x%lx", r->value);
	if (r->name[0])
		fprintf(out, " for %s", r->name);
	fprintf(out, " by %s was refused %.3f s ago: %s.\n  why: ", r->who, r->ago,
		strerror(r->err));
	print_why(r, out);
	fputc('\n', out);
}

static void print_object(const struct refusal *r, FILE *out)
{
	char why[256] = "";
	FILE *words = fmemopen(why, sizeof(why), "w");

	if (words) {
		print_why(r, words);
		fclose(words);
	}
	fputs("{\"refused\":", out);
	xtun_json_string(out, r->call);
	fprintf(out, ",\"value\":%lu,\"errno\":%d,\"ago\":%.3f,\"who\":", r->value, r->err, r->ago);
	xtun_json_string(out, r->who);
	fputs(",\"name\":", out);
	if (r->name[0])
		xtun_json_string(out, r->name);
	else
		fputs("null", out);
	fputs(",\"why\":", out);
	xtun_json_string(out, why);
	fputs("}\n", out);
}

/*
 * Whether a refusal has been reported already. The module gives only its age, so an equal one
 * at about the same time counts as the same.
 */
static bool was_told(const struct refusal *r)
{
	static struct {
		struct refusal r;
		double when;
	} told[TOLD];
	static size_t n;
	double when = xtun_now() - r->ago;
	size_t i;

	for (i = 0; i < TOLD; i++)
		if (told[i].r.err == r->err && told[i].r.value == r->value &&
		    !strcmp(told[i].r.call, r->call) && !strcmp(told[i].r.who, r->who) &&
		    !strcmp(told[i].r.name, r->name) && when < told[i].when + SAME_S)
			return true;
	told[n % TOLD].r = *r;
	told[n++ % TOLD].when = when;
	return false;
}

/**
 * xtun_refusals_tell() - report recent refusals, each once
 * @out: where to
 * @json: one object on a line
 */
void xtun_refusals_tell(FILE *out, bool json)
{
	FILE *in = fopen(PROC, "re");
	struct refusal r;
	char line[512];

	while (in && fgets(line, sizeof(line), in)) {
		if (!parse(line, &r) || r.ago > RECENT_S || was_told(&r))
			continue;
		if (json)
			print_object(&r, out);
		else
			print_call(&r, out);
	}
	if (in)
		fclose(in);
}
