#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The interface goes down, is deleted or taken away under its readers.
. /test/lib.sh

xtun_load
theme gone
