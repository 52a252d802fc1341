#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several readers and writers, an exclusive one, one that is killed, one that comes
# late.
. /test/lib.sh

xtun_load
theme share
