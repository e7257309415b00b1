# The compiler behind a cache. SPDX-License-Identifier: GPL-2.0-only
load helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  command -v ccache >/dev/null || skip "there is no ccache"
  export CCACHE_DIR=$PWD/cache CCACHE_DEPEND=1
  printf '.section .rodata\n.incbin "image"\n' >piggy.S
}

# compiled IMAGE COMPILER...: the word of IMAGE that is in the object
compiled() {
  echo "$1" >image
  rm -f piggy.o
  "${@:2}" gcc -MMD -MF piggy.d -c -o piggy.o piggy.S
  grep -aoE 'old|new' piggy.o
}

@test "cc: an object has the file that it includes now, not the one in the cache" {
  assert_eq old "$(compiled old "$top/scripts/kernel/cc")" "first"
  assert_eq new "$(compiled new "$top/scripts/kernel/cc")" "after a change"
}

@test "cc: without it, ccache gives an old one [control]" {
  assert_eq old "$(compiled old ccache)" "first"
  assert_eq old "$(compiled new ccache)" "after a change"
}
