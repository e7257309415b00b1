// image: -mx32
// SPDX-License-Identifier: GPL-2.0-only
/* callcase, as x32 program */
#include "callcase.c"
