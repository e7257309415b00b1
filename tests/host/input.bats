# Bad input gets one line that says what is wrong and what to do.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/checkout
  copy_checkout "$copy" kernel-patches proc scripts syscall tests Makefile
  unset KERNEL_SRC KERNEL_TARBALL ACCEL ARCH TALLY V
}

# Nothing leaves a half-made source tree.
teardown() {
  [[ ! -e $copy/build/linux && ! -e $copy/build/linux.tmp ]]
}

# A tree with only the files that the version check reads.
fake_tree() {
  mkdir -p "$1/fs/proc"
  printf 'VERSION = %s\nPATCHLEVEL = %s\n' "$2" "$3" >"$1/Makefile"
  : >"$1/Kbuild"
}

@test "input: a KERNEL_SRC that is not there" {
  refused "KERNEL_SRC=/nonexistent is not a directory" \
    env KERNEL_SRC=/nonexistent "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_SRC that is no kernel tree" {
  mkdir "$BATS_TEST_TMPDIR/no-kernel"
  refused "does not hold a Linux kernel source tree" \
    env KERNEL_SRC="$BATS_TEST_TMPDIR/no-kernel" "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_SRC of another version" {
  fake_tree "$BATS_TEST_TMPDIR/old" 6 1
  refused "is Linux 6.1, and KERNEL is 6.12; give a linux-6.12.y one, or set KERNEL" \
    env KERNEL_SRC="$BATS_TEST_TMPDIR/old" "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_TARBALL that is not there" {
  refused "KERNEL_TARBALL=/nonexistent.tar is not a file" \
    env KERNEL_TARBALL=/nonexistent.tar "$copy/scripts/kernel/source"
}

@test "input: a KERNEL that has no patches" {
  refused "KERNEL=6.6 is not supported; set it to one of 6.1 6.12 7.3" \
    env KERNEL=6.6 "$copy/scripts/kernel/source"
  refused "KERNEL=6.1 6.12 is not supported" env KERNEL="6.1 6.12" "$copy/scripts/kernel/source"
}

@test "input: a mirror without the source of KERNEL leaves nothing behind" {
  local name
  for name in apt-get apt-cache; do
    # Two lines of sources, an update that succeeds, and no package
    stub "$name" 'case "$*" in' \
      '  *indextargets*) echo "bookworm http://a.invalid"; echo "bookworm-security http://b.invalid" ;;' \
      '  *show*|*download*) exit 100 ;;' 'esac'
  done
  run --separate-stderr ! env KERNEL=7.3 PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$copy/scripts/kernel/source"
  assert_eq 1 "${#stderr_lines[@]}" "lines on standard error"
  assert_has "the mirror has no linux-source-7.3 in trixie-backports; set KERNEL_TARBALL or KERNEL_SRC" "$stderr"
  [[ ! -e $copy/build/source && ! -e $copy/build/7.3/linux && ! -e $copy/build/7.3/linux.tmp ]]
}

@test "input: a mirror without the suite of KERNEL leaves nothing behind" {
  stub apt-get 'case "$*" in' \
    '  *indextargets*) echo "bookworm http://a.invalid"; echo "bookworm-security http://b.invalid" ;;' \
    '  *update*) echo "E: The repository does not have a Release file."; exit 100 ;;' 'esac'
  run --separate-stderr ! env KERNEL=7.3 PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$copy/scripts/kernel/source"
  assert_eq 1 "${#stderr_lines[@]}" "lines on standard error"
  assert_has "the mirror does not give all of trixie" "$stderr"
  [[ ! -e $copy/build/source && ! -e $copy/build/7.3/linux && ! -e $copy/build/7.3/linux.tmp ]]
}

@test "input: a KERNEL_SRC that cannot be copied as a whole leaves nothing behind" {
  mkdir -p "$BATS_TEST_TMPDIR/src/fs/proc"
  printf 'VERSION = 6\nPATCHLEVEL = 12\nmrproper:\n' >"$BATS_TEST_TMPDIR/src/Makefile"
  touch "$BATS_TEST_TMPDIR/src/Kbuild"
  # shellcheck disable=SC2016  # for the stub
  stub rsync 'for to; do :; done' 'cp -r "$KERNEL_SRC/." "$to"' 'exit 23'
  run ! env PATH="$BATS_TEST_TMPDIR/bin:$PATH" KERNEL_SRC="$BATS_TEST_TMPDIR/src" "$copy/scripts/kernel/source"
  assert_has "could not be unpacked" "$output"
  [[ ! -e $copy/build/linux && ! -e $copy/build/linux.tmp ]]
}

@test "input: both KERNEL_SRC and KERNEL_TARBALL" {
  refused "give one of them" \
    env KERNEL_SRC=/tmp KERNEL_TARBALL=/tmp/x "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_TARBALL of another version leaves nothing behind" {
  fake_tree "$BATS_TEST_TMPDIR/linux-6.6" 6 6
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/x.tar" linux-6.6
  run --separate-stderr ! env KERNEL_TARBALL="$BATS_TEST_TMPDIR/x.tar" "$copy/scripts/kernel/source"
  assert_eq 1 "${#stderr_lines[@]}" "lines on standard error"
  assert_has "is Linux 6.6, and KERNEL is 6.12; give a linux-6.12.y one, or set KERNEL" "$stderr"
}

@test "input: a KERNEL_TARBALL that is no tarball leaves nothing behind" {
  echo garbage >"$BATS_TEST_TMPDIR/x.tar"
  run -1 env KERNEL_TARBALL="$BATS_TEST_TMPDIR/x.tar" "$copy/scripts/kernel/source"
  assert_has "could not be unpacked" "$output"
}

@test "input: a KERNEL_TARBALL with hooks in it leaves the earlier tree as it was" {
  local dir=$BATS_TEST_TMPDIR/linux-6.12 earlier=$copy/build/linux
  original_tree 6.12 "$dir"
  echo '# tamalloc' >>"$dir/mm/Makefile"
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/x.tar" linux-6.12
  mkdir -p "$earlier"
  echo earlier >"$earlier/.tamalloc-source"
  run --separate-stderr ! env KERNEL_TARBALL="$BATS_TEST_TMPDIR/x.tar" "$copy/scripts/kernel/source"
  assert_eq 1 "${#stderr_lines[@]}" "lines on standard error"
  assert_has "has hooks of tamalloc that kernel-apply did not put there" "$stderr"
  assert_eq earlier "$(<"$earlier/.tamalloc-source")"
  rm -r "$earlier"
}

@test "input: no room on the disk" {
  # The script relies on df alone.
  stub df 'echo head' 'echo "/dev/x 1000 900 100 90% /"'
  fake_tree "$BATS_TEST_TMPDIR/new" 6 12
  refused "make room" env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
    KERNEL_SRC="$BATS_TEST_TMPDIR/new" "$copy/scripts/kernel/source"
}

@test "input: an unknown ACCEL" {
  refused "ACCEL=hvf is unknown; set it to kvm or tcg" env ACCEL=hvf "$copy/scripts/vm/accel"
}

@test "input: an unknown ARCH, and what is not for it" {
  refused "ARCH=mips is not supported; set it to x86 or arm64" env ARCH=mips "$copy/scripts/vm/accel"
  refused "ACCEL=kvm cannot execute arm64" env ARCH=arm64 ACCEL=kvm "$copy/scripts/vm/accel"
  refused "ARCH=arm64 is for run, test, shell, image, kernel and setup, not for deb; leave it out" \
    make --no-print-directory -C "$copy" deb ARCH=arm64
}

@test "input: a mirror without packages for ARCH leaves nothing behind" {
  local what
  # Two lines of sources, an update that succeeds, and no package
  stub apt-get 'case "$*" in' \
    '  *indextargets*) echo "bookworm http://a.invalid"; echo "bookworm-security http://b.invalid" ;;' \
    '  *install*|*download*) exit 100 ;;' 'esac'
  stub aarch64-linux-gnu-ld
  stub arm-linux-gnueabihf-ld
  for what in cross guest; do
    run --separate-stderr ! env ARCH=arm64 PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$copy/scripts/vm/debs" $what
    assert_eq 1 "${#stderr_lines[@]}" "lines on standard error"
    assert_has "add a mirror that has them to the sources of apt" "$stderr"
    assert_has "the mirror lacks" "$stderr"
  done
  assert_eq "" "$(find "$copy/build/arm64" -mindepth 1 2>/dev/null)" "files in build/arm64"
}

# bin_with TOOL...: $BATS_TEST_TMPDIR/bin with these programs of this machine
bin_with() {
  local tool
  mkdir "$BATS_TEST_TMPDIR/bin"
  for tool; do
    ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"
  done
}

@test "input: no emulator and no linker for ARCH" {
  local tool
  bin_with bash dirname getconf cat
  mkdir -p "$copy/build/arm64"
  touch "$copy"/build/arm64/{Image,image.cpio}
  refused "qemu-system-aarch64 is missing; run 'make setup ARCH=arm64'" \
    env ARCH=arm64 PATH="$BATS_TEST_TMPDIR/bin" "$copy/scripts/vm/run" probe
  for tool in apt-get apt-cache dpkg-deb dpkg-query; do
    stub $tool
  done
  refused "aarch64-linux-gnu-ld is missing; run 'make setup ARCH=arm64'" \
    env ARCH=arm64 PATH="$BATS_TEST_TMPDIR/bin" "$copy/scripts/vm/debs" cross
}

@test "input: a missing tool" {
  bin_with bash dirname getconf cat
  refused "is missing; run 'make setup'" \
    env PATH="$BATS_TEST_TMPDIR/bin" "$copy/scripts/vm/image"
}

@test "input: a guest without a kernel, and an unknown run" {
  mkdir -p "$copy/build"
  refused "there is no run 'nonsense'" "$copy/scripts/vm/run" nonsense
  refused "run 'make kernel'" "$copy/scripts/vm/run" probe
  refused "run 'make kernel ARCH=arm64'" env ARCH=arm64 "$copy/scripts/vm/run" probe
}

@test "input: values that no guest can have" {
  refused "--timeout abc must be a number" "$copy/scripts/vm/run" --timeout abc probe
  refused "--cpus --quiet must be a number" "$copy/scripts/vm/run" --cpus --quiet probe
  refused "--accel hvf is unknown; use kvm or tcg" "$copy/scripts/vm/run" --accel hvf probe
  refused "cannot name a directory" "$copy/scripts/vm/run" --name a/../../b probe
}

@test "input: values that a suite, a load and a mode cannot have" {
  refused "it takes no argument" "$copy/scripts/suites/test" nonsense
  refused "ONLY=nonsense: no path of a file and no title" env ONLY=nonsense "$copy/scripts/suites/test"
  refused "FAULT_SECONDS=abc must be a number" env FAULT_SECONDS=abc "$copy/scripts/suites/debug"
  refused "SOAK=abc is not a time" env SOAK=abc "$copy/scripts/suites/soak"
  refused "there is no configuration nonsense" "$copy/scripts/suites/soak" nonsense
  refused "there is no mode 'nonsense'" "$copy/scripts/suites/scale" nonsense
}

# A closed terminal, or a pipe whose reader ends
@test "input: guests end with the run that started them" {
  local stub run guest status=0
  for stub in kernel/build vm/accel; do
    printf '#!/bin/sh\n' >"$copy/scripts/$stub"
  done
  cat >"$copy/scripts/vm/run" <<TEXT
#!/bin/sh
case "\$*" in *'--name kcsan'*) echo \$\$ >$BATS_TEST_TMPDIR/guest && exec sleep 300 ;; esac
TEXT
  mkdir -p "$copy/build"
  # The caller of this test may ignore the signal.
  env -u ONLY --default-signal=HUP "$copy/scripts/suites/kcsan" >/dev/null 2>&1 3>&- &
  run=$!
  retry 300 test -s "$BATS_TEST_TMPDIR/guest"
  guest=$(<"$BATS_TEST_TMPDIR/guest")
  kill -0 "$guest"
  kill -HUP "$run"
  wait "$run" || status=$?
  assert_eq 129 "$status" status
  echo "expected: process $guest is gone; actual: $(ps -o pid=,args= -p "$guest" || echo gone)"
  run ! kill -0 "$guest"
}
