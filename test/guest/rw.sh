#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames both ways, whole and unchanged; the stack answers those it gets.
. /test/lib.sh

xtun_load
theme rw
