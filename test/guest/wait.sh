#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every way to wait for a frame, and joining before anything is said.
. /test/lib.sh

xtun_load
theme wait
