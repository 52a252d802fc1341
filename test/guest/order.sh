#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The headers in front of frames have the byte order that was asked for.
. /test/lib.sh

xtun_load
theme order
