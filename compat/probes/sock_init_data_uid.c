// SPDX-License-Identifier: GPL-2.0
#include <net/sock.h>

void probe(struct sock *sk, kuid_t uid);
void probe(struct sock *sk, kuid_t uid)
{
	sock_init_data_uid(NULL, sk, uid);
}
