#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# io_uring: read, write, poll, multishot.
. /test/lib.sh

# Of what a batch has read each processor keeps some at hand.
xtun_load
theme uring
