#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What stands in front of frames has its bytes in the order that was asked for.
. /test/lib.sh

xtun_load
theme order
