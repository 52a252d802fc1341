#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every way to wait for a frame, and attaching by waiting.
. /test/lib.sh

xtun_load
theme wait
