# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What the shell of make guest prints first.
PATH=/test/bin:$PATH
PS1='guest:\w# '
cat <<'END'
xtun is loaded and up as 10.99.0.1. For example:
    xtun-lwip --address 10.99.0.2/24 --gateway 10.99.0.1 serve &
    ping -c 3 10.99.0.2; curl http://10.99.0.2/; xtun status
    xtun dump            every frame as it passes
    bash /test/load.sh   one of the tests (rmmod xtun first)
END
