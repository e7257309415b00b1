# Building the module by hand: it refuses with one line, and installs the module.
# SPDX-License-Identifier: GPL-2.0-only

load ../../common

top=$BATS_TEST_DIRNAME/../../..

setup_file() {
  local codename
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  "$top/scripts/vm/debs" kernel "$codename"
  headers=$(echo "$top/build/stock/$codename"/root/usr/src/linux-headers-*-amd64)
  release=$(<"$top/build/stock/$codename/release")
  KDIR=$headers "$top/scripts/kernel/module"
  export headers release
}

# build_refused WORDS...: what building with these settings of make says
build_refused() {
  run ! make -C "$top/build/module/$release" KDIR="$headers" "$@"
  assert_eq 1 "$(grep -c 'tamalloc: ' <<<"$output")" "lines that say why, of
$output"
}

@test "module: a kernel that is too old is refused" {
  build_refused VERSION=5 PATCHLEVEL=10
  [[ $output == *"tamalloc: Linux 5.10 is too old; 6.1 or later is needed"* ]] || fail "$output"
}

@test "module: a kernel with the files built in is refused" {
  build_refused CONFIG_PROC_TAMALLOC=y
  [[ $output == *"tamalloc: this kernel has /proc/tamalloc built in and needs no module"* ]] || fail "$output"
}

@test "module: a compiler that is missing, and one of another version, are refused" {
  local other=$BATS_TEST_TMPDIR/gcc-4
  build_refused CC=gcc-99
  [[ $output == *"gcc-99 is missing; install gcc-"* ]] || fail "$output"
  printf '#!/bin/sh\n[ "$1" != -dumpversion ] || { echo 4.9; exit; }\nexec gcc "$@"\n' >"$other"
  chmod +x "$other"
  build_refused CC="$other"
  [[ $output == *"gcc-4 is gcc 4; install gcc-"* ]] || fail "$output"
}

@test "module: missing headers are named" {
  run -1 env KDIR="$BATS_TEST_TMPDIR" "$top/scripts/kernel/module"
  [[ $output == *"there are no kernel headers in $BATS_TEST_TMPDIR"* ]] || fail "$output"
  run -2 make -C "$top/build/module/$release" KDIR="$BATS_TEST_TMPDIR"
  [[ $output == *"tamalloc: there are no kernel headers in $BATS_TEST_TMPDIR"* ]] || fail "$output"
}

@test "module: a directory that is no kernel tree is named" {
  : >"$BATS_TEST_TMPDIR/Makefile"
  run -1 env KDIR="$BATS_TEST_TMPDIR" "$top/scripts/kernel/module"
  assert_eq 1 "${#lines[@]}" "lines, of
$output"
  [[ $output == *"$BATS_TEST_TMPDIR is no kernel tree, or it is not prepared"*"set KDIR to "* ]] || fail "$output"
}

@test "module: it is installed below DESTDIR, for that kernel" {
  local to=$BATS_TEST_TMPDIR/root
  mkdir -p "$to/lib/modules/$release"
  # A relative one is meant from here.
  cd "$BATS_TEST_TMPDIR"
  run -0 env KDIR="$headers" DESTDIR=root "$top/scripts/kernel/module" install
  find "$to" -name 'tamalloc.ko*' | grep -q "/lib/modules/$release/updates/tamalloc.ko" || fail "$(find "$to")"
  grep -q '^updates/tamalloc.ko' "$to/lib/modules/$release/modules.dep" || fail "modules.dep has no tamalloc"
}

@test "module: below a DESTDIR without a kernel, nothing warns" {
  run -0 env KDIR="$headers" DESTDIR="$BATS_TEST_TMPDIR/root" "$top/scripts/kernel/module" install
  [[ $output != *WARNING* && $output != *modprobe* ]] || fail "$output"
  [[ -f $BATS_TEST_TMPDIR/root/lib/modules/$release/updates/tamalloc.ko ]]
}

@test "module: a place that it cannot be installed in is named" {
  run -1 env KDIR="$headers" DESTDIR="$BATS_TEST_TMPDIR/a b" "$top/scripts/kernel/module" install
  [[ $output == *"DESTDIR=$BATS_TEST_TMPDIR/a b has a space"* ]] || fail "$output"
  [[ ! -e "$BATS_TEST_TMPDIR/a" && ! -e "$BATS_TEST_TMPDIR/a b" ]]
  # This machine may run it.
  [[ ! -e /lib/modules/$release ]] || return 0
  run -1 env KDIR="$headers" "$top/scripts/kernel/module" install
  [[ $output == *"there is no /lib/modules/$release, so that kernel is not installed"* ]] || fail "$output"
}

@test "module: it calls nothing that the kernel does not export, and looks nothing up" {
  local name
  for name in $(nm -u "$top/build/module/$release/tamalloc.ko" | awk '{ print $2 }'); do
    grep -qP "\t$name\t" "$headers/Module.symvers" || fail "$name is not exported"
    [[ $name != *kallsyms* && $name != *kprobe* ]] || fail "it uses $name"
  done
  grep -qP "\tkern_mount\t" "$headers/Module.symvers" || fail "Module.symvers is not read [control]"
}
