# Bad input gets one line that says what is wrong and what to do.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/checkout
  copy_checkout "$copy" kernel-patches proc scripts syscall tests Makefile
  unset KERNEL_SRC KERNEL_TARBALL ACCEL TALLY V
}

# A tree with only the files that the version check reads.
fake_tree() {
  mkdir -p "$1/fs/proc"
  printf 'VERSION = %s\nPATCHLEVEL = %s\n' "$2" "$3" >"$1/Makefile"
  : >"$1/Kbuild"
}

# one_line WORDS COMMAND...: COMMAND fails with one line on standard error that has
# WORDS, and leaves no half-made source tree.
one_line() {
  local words=$1 got=0
  shift
  "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || got=$?
  echo "expected: a failure and one line with: $words"
  echo "actual:   status $got, $(<"$BATS_TEST_TMPDIR/err")"
  ((got != 0))
  [[ $(wc -l <"$BATS_TEST_TMPDIR/err") == 1 ]]
  grep -qF -- "$words" "$BATS_TEST_TMPDIR/err"
  [[ ! -e $copy/build/linux && ! -e $copy/build/linux.tmp ]]
}

@test "input: a KERNEL_SRC that is not there" {
  one_line "KERNEL_SRC=/nonexistent is not a directory" \
    env KERNEL_SRC=/nonexistent "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_SRC that is no kernel tree" {
  mkdir "$BATS_TEST_TMPDIR/no-kernel"
  one_line "does not hold a Linux kernel source tree" \
    env KERNEL_SRC="$BATS_TEST_TMPDIR/no-kernel" "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_SRC of another version" {
  fake_tree "$BATS_TEST_TMPDIR/old" 6 1
  one_line "is Linux 6.1; the patches are for 6.12" \
    env KERNEL_SRC="$BATS_TEST_TMPDIR/old" "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_TARBALL that is not there" {
  one_line "KERNEL_TARBALL=/nonexistent.tar is not a file" \
    env KERNEL_TARBALL=/nonexistent.tar "$copy/scripts/kernel/source"
}

@test "input: both KERNEL_SRC and KERNEL_TARBALL" {
  one_line "give one of them" \
    env KERNEL_SRC=/tmp KERNEL_TARBALL=/tmp/x "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_TARBALL of another version leaves nothing behind" {
  fake_tree "$BATS_TEST_TMPDIR/linux-6.6" 6 6
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/x.tar" linux-6.6
  one_line "is Linux 6.6; the patches are for 6.12" \
    env KERNEL_TARBALL="$BATS_TEST_TMPDIR/x.tar" "$copy/scripts/kernel/source"
}

@test "input: a KERNEL_TARBALL that is no tarball leaves nothing behind" {
  echo garbage >"$BATS_TEST_TMPDIR/x.tar"
  run -1 env KERNEL_TARBALL="$BATS_TEST_TMPDIR/x.tar" "$copy/scripts/kernel/source"
  [[ $output == *"could not be unpacked"* ]]
  [[ ! -e $copy/build/linux && ! -e $copy/build/linux.tmp ]]
}

@test "input: no room on the disk" {
  # The script relies on df alone.
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho head\necho "/dev/x 1000 900 100 90%% /"\n' >"$BATS_TEST_TMPDIR/bin/df"
  chmod +x "$BATS_TEST_TMPDIR/bin/df"
  fake_tree "$BATS_TEST_TMPDIR/new" 6 12
  one_line "make room" env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
    KERNEL_SRC="$BATS_TEST_TMPDIR/new" "$copy/scripts/kernel/source"
}

@test "input: an unknown ACCEL" {
  one_line "ACCEL=hvf is unknown; set it to kvm or tcg" env ACCEL=hvf "$copy/scripts/vm/accel"
}

@test "input: a missing tool" {
  local tool
  mkdir "$BATS_TEST_TMPDIR/bin"
  for tool in bash dirname getconf cat; do
    ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/"
  done
  one_line "is missing; run 'make setup'" \
    env PATH="$BATS_TEST_TMPDIR/bin" "$copy/scripts/vm/image"
}

@test "input: a guest without a kernel, and an unknown run" {
  mkdir -p "$copy/build"
  one_line "there is no run 'nonsense'" "$copy/scripts/vm/run" nonsense
  one_line "run 'make kernel'" "$copy/scripts/vm/run" probe
}

@test "input: values that no guest can have" {
  one_line "--timeout abc must be a number" "$copy/scripts/vm/run" --timeout abc probe
  one_line "--cpus --quiet must be a number" "$copy/scripts/vm/run" --cpus --quiet probe
  one_line "--accel hvf is unknown; use kvm or tcg" "$copy/scripts/vm/run" --accel hvf probe
  one_line "cannot name a directory" "$copy/scripts/vm/run" --name a/../../b probe
}

@test "input: values that a suite, a load and a mode cannot have" {
  one_line "it takes no argument" "$copy/scripts/suites/test" nonsense
  one_line "ONLY=nonsense: no path of a file and no title" env ONLY=nonsense "$copy/scripts/suites/test"
  one_line "FAULT_SECONDS=abc must be a number" env FAULT_SECONDS=abc "$copy/scripts/suites/debug"
  one_line "SOAK=abc is not a time" env SOAK=abc "$copy/scripts/suites/soak"
  one_line "there is no configuration nonsense" "$copy/scripts/suites/soak" nonsense
  one_line "there is no mode 'nonsense'" "$copy/scripts/suites/scale" nonsense
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
  env --default-signal=HUP "$copy/scripts/suites/kcsan" >/dev/null 2>&1 3>&- &
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
