#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rings whose program is stopped, broken, interrupted, or was there before them.
. /test/lib.sh

xtun_load
expect_log "the rings' program wrote"
cases ring_edge
