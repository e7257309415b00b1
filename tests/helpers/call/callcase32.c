// image: -m32
// SPDX-License-Identifier: GPL-2.0-only
/* callcase, as i386 program */
#include "callcase.c"
