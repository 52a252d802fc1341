#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input: the errno, one counter, nothing lost, nothing in the log.
. /test/lib.sh

xtun_load
theme bad
