#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input gives the right errno, moves one counter, loses nothing and logs nothing.
. /test/lib.sh

xtun_load
theme bad
