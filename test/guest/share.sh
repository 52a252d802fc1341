#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several readers and writers, a sole one, one that is killed, one that is late.
. /test/lib.sh

xtun_load
theme share
