// SPDX-License-Identifier: GPL-2.0
/* Who may open the device node: open() fails with EACCES before the module is called. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS	0006	/* to read and to write */
#define GROUP	0060

/**
 * xtun_node_read() - find out who may open the device node
 * @path: path of the node
 * @node: filled; if the node cannot be read, nobody counts as barred
 */
void xtun_node_read(const char *path, struct xtun_node *node)
{
	struct stat st;

	*node = (struct xtun_node){ .path = path };
	if (stat(path, &st))
		return;
	node->mode = st.st_mode & 0777;
	node->uid = st.st_uid;
	node->gid = st.st_gid;
	node->lets_group = (node->mode & GROUP) == GROUP;
	node->bars_others = (node->mode & OTHERS) != OTHERS;
	node->bars_you = faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) && errno == EACCES;
}

/**
 * xtun_node_say() - say that this program's user may not open the node, and why
 * @text: filled
 * @size: its size in bytes
 * @node: the node
 */
void xtun_node_say(char *text, size_t size, const struct xtun_node *node)
{
	snprintf(text, size, "user %u may not open %s, which belongs to user %u and group %u, mode %04o",
		 (unsigned int)geteuid(), xtun_name(node->path), node->uid, node->gid, node->mode);
}
