// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>

int probe(struct inode *inode, struct file *file);
int probe(struct inode *inode, struct file *file)
{
	return stream_open(inode, file);
}
