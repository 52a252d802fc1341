#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rings of a program that is stopped or interrupted, that breaks them, or that was there
# first.
. /test/lib.sh

xtun_load
expect_log "the rings' program wrote"
cases ring_edge
