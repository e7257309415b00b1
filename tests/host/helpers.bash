# Shared by the tests on the host.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

. "${BASH_SOURCE[0]%/*}/../common.bash"
top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

# sanitized_tools: compile the tools, once for all files of tests, into $tools. Access
# beyond a buffer, or anything that C does not define, ends these programs.
tools=$BATS_RUN_TMPDIR/tools
sanitized_tools() {
  [[ ! -d $tools ]] || return 0
  mkdir "$tools.new"
  (. "$top/scripts/lib.sh" && CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover" \
    compile_tools "$tools.new")
  mv "$tools.new" "$tools"
}

# copy_checkout DIR NAME...: copy these parts of the checkout, so that the real one cannot
# be damaged.
copy_checkout() {
  mkdir -p "$1"
  (cd "$top" && cp -r --parents -t "$1" "${@:2}")
}

# stub NAME LINE...: a program of this name in $BATS_TEST_TMPDIR/bin, a script of sh.
stub() {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '%s\n' '#!/bin/sh' "${@:2}" >"$BATS_TEST_TMPDIR/bin/$1"
  chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

# original_tree VERSION DIR: the files of that kernel that the patches touch, unpatched.
original_tree() {
  local linux
  linux=$(KERNEL=$1 bash -euc '. "$1/scripts/lib.sh" && echo "$linux"' bash "$top")
  mkdir -p "$2/fs/proc"
  cp "$linux/Makefile" "$linux/Kbuild" "$2/"
  cp -r "$linux/.tamalloc/original/." "$2/"
}

# refused TEXT COMMAND...: COMMAND fails and prints one line, on standard error, with TEXT.
refused() {
  local text=$1
  shift
  run --separate-stderr ! "$@" </dev/null
  # shellcheck disable=SC2154  # set by run
  [[ $stderr == *"$text"* && ${#stderr_lines[@]} == 1 && -z $output ]] ||
    fail "expected one line with: $text" "actual: $stderr$output"
}

# expect_verdict STATUS REGEXP [OPTION...] RUN [ARGUMENT...]: scripts/vm/run ends with
# STATUS and one verdict, whose line matches. It shows lines of the kernel log only with a
# splat. Its output is in $BATS_TEST_TMPDIR/verdict.
expect_verdict() {
  local status_=$1 regexp=$2 got=0 out=$BATS_TEST_TMPDIR/verdict
  shift 2
  "$top/scripts/vm/run" --quiet --name "$BATS_TEST_NAME" "$@" >"$out" 2>&1 3>&- || got=$?
  assert_eq "$status_" "$got" "status, after: $(<"$out")"
  assert_eq 1 "$(grep -c '^guest verdict: ' "$out")" "verdicts in: $(<"$out")"
  grep -qE "^guest verdict: .*$regexp" "$out" || fail "expected a verdict like: $regexp" "actual: $(<"$out")"
  assert_eq "$((status_ == 11))" "$((0 < $(grep -c '^kernel log: ' "$out" || true)))" "kernel log shown in: $(<"$out")"
}
