// SPDX-License-Identifier: GPL-2.0
#include <linux/cacheinfo.h>

bool probe(void);
bool probe(void)
{
	return cpu_dcache_is_aliasing();
}
