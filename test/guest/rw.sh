#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames pass both ways, whole and unchanged, and the stack answers those that it gets.
. /test/lib.sh

xtun_load
theme rw
