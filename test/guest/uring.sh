#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# io_uring: read, write, poll, multishot.
. /test/lib.sh

xtun_load
theme uring
