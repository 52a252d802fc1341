// SPDX-License-Identifier: GPL-2.0
/* Netlink requests to the kernel. The answer may be one message or many. */
#include "why.h"

#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns true once no further message comes. */
static bool pass_on(const struct nlmsghdr *head, size_t len,
		    void (*each)(const struct nlmsghdr *head, void *arg), void *arg, int *err)
{
	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		/* The data changed during the dump: some of it may be missing. */
		if (head->nlmsg_flags & NLM_F_DUMP_INTR)
			*err = EINTR;
		if (head->nlmsg_type == NLMSG_DONE)
			return true;
		if (head->nlmsg_type == NLMSG_ERROR) {
			*err = -((const struct nlmsgerr *)NLMSG_DATA(head))->error;
			return true;
		}
		each(head, arg);
		if (!(head->nlmsg_flags & NLM_F_MULTI))
			return true;
	}
	return false;
}

/**
 * xtun_netlink_ask() - send a request and pass on the answer
 * @protocol: NETLINK_...
 * @request: the request, with NLM_F_REQUEST, and NLM_F_DUMP to get all objects
 * @each: called for each message of the answer
 * @arg: for @each
 *
 * Return: 0 or an errno, EINTR if the data changed during a dump.
 */
int xtun_netlink_ask(int protocol, const struct nlmsghdr *request,
		     void (*each)(const struct nlmsghdr *head, void *arg), void *arg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), err = 0;
	static union {
		struct nlmsghdr head;
		char bytes[65536];
	} answer;
	ssize_t n;

	if (fd < 0)
		return errno;
	if (sendto(fd, request, request->nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		err = errno;
	while (!err) {
		n = recv(fd, &answer, sizeof(answer), 0);
		if (n < 0)
			err = errno;
		else if (!NLMSG_OK(&answer.head, (size_t)n))
			err = EPROTO;
		else if (pass_on(&answer.head, n, each, arg, &err))
			break;
	}
	close(fd);
	return err;
}

/**
 * xtun_netlink_ask_for() - send NETLINK_ROUTE a message without attributes
 * @kind: RTM_GET...
 * @flags: NLM_F_DUMP to get all objects, or 0
 * @msg: the message, of 64 bytes at most
 * @len: its length
 * @each: as for xtun_netlink_ask()
 * @arg: for @each
 *
 * Return: as xtun_netlink_ask().
 */
int xtun_netlink_ask_for(int kind, int flags, const void *msg, size_t len,
			 void (*each)(const struct nlmsghdr *head, void *arg), void *arg)
{
	union {
		struct nlmsghdr head;
		char bytes[NLMSG_SPACE(64)];
	} request = {
		.head.nlmsg_len = NLMSG_LENGTH(len),
		.head.nlmsg_type = kind,
		.head.nlmsg_flags = NLM_F_REQUEST | flags,
	};

	memcpy(NLMSG_DATA(&request.head), msg, len);
	return xtun_netlink_ask(NETLINK_ROUTE, &request.head, each, arg);
}

/**
 * xtun_netlink_ask_link() - ask about a device
 * @ifindex: the device's
 * @each: as for xtun_netlink_ask(); gets an RTM_NEWLINK
 * @arg: for @each
 *
 * Return: as xtun_netlink_ask().
 */
int xtun_netlink_ask_link(int ifindex, void (*each)(const struct nlmsghdr *head, void *arg),
			  void *arg)
{
	struct ifinfomsg msg = { .ifi_index = ifindex };

	return xtun_netlink_ask_for(RTM_GETLINK, 0, &msg, sizeof(msg), each, arg);
}

/**
 * xtun_netlink_ask_neighbours() - ask for all neighbours
 * @family: PF_UNSPEC for IP neighbours, PF_BRIDGE for the tables of bridges and tunnels
 * @each: as for xtun_netlink_ask(); gets an RTM_NEWNEIGH each
 * @arg: for @each
 *
 * Return: as xtun_netlink_ask().
 */
int xtun_netlink_ask_neighbours(int family, void (*each)(const struct nlmsghdr *head, void *arg),
				void *arg)
{
	struct ndmsg msg = { .ndm_family = family };

	return xtun_netlink_ask_for(RTM_GETNEIGH, NLM_F_DUMP, &msg, sizeof(msg), each, arg);
}

/**
 * xtun_netlink_find() - find an attribute by its type
 * @attr: the first attribute
 * @len: length of all attributes in bytes
 * @type: the type
 *
 * Return: the attribute, or NULL.
 */
const struct nlattr *xtun_netlink_find(const struct nlattr *attr, size_t len, int type)
{
	size_t size;

	for (; len >= NLA_HDRLEN; attr = (const void *)((const char *)attr + size), len -= size) {
		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		size = NLA_ALIGN(attr->nla_len);
		if (size > len)
			return NULL;
	}
	return NULL;
}

/* The attribute of an RTM_NEWLINK that describes the device's kind, or NULL. */
const struct nlattr *xtun_netlink_linkinfo(const struct nlmsghdr *head)
{
	const struct ifinfomsg *msg = NLMSG_DATA(head);

	return xtun_netlink_find((const void *)(msg + 1), NLMSG_PAYLOAD(head, sizeof(*msg)),
				 IFLA_LINKINFO);
}

/* Find an attribute inside another; NULL if there is none. */
const struct nlattr *xtun_netlink_inside(const struct nlattr *outer, int type)
{
	return outer ? xtun_netlink_find(xtun_netlink_data(outer), xtun_netlink_len(outer), type) :
		       NULL;
}

/* The value of an attribute in network byte order; UINT32_MAX if there is none. */
uint32_t xtun_netlink_be32(const struct nlattr *attr)
{
	uint32_t n;

	if (!attr || xtun_netlink_len(attr) != sizeof(n))
		return UINT32_MAX;
	memcpy(&n, xtun_netlink_data(attr), sizeof(n));
	return be32toh(n);
}

/* Copy a name; empty if there is no attribute. */
void xtun_netlink_name(char *to, size_t size, const struct nlattr *attr)
{
	snprintf(to, size, "%.*s", attr ? (int)xtun_netlink_len(attr) : 0,
		 attr ? (const char *)xtun_netlink_data(attr) : "");
}

const void *xtun_netlink_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

size_t xtun_netlink_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}
