#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames through rings, both ways, without a system call for each.
. /test/lib.sh

xtun_load
# What has been copied into a ring is given back many at a time.
tcp_passes
cases ring
