#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The interface goes down, is deleted or is moved away while it has readers.
. /test/lib.sh

xtun_load
theme gone
