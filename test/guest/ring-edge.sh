#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rings whose program is stopped, broken, interrupted, or was there before them.
. /test/lib.sh

xtun_load
expect_log 'makes no sense'
cases ring_edge
