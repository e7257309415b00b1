# The shared functions of the scripts, and setup for users who are not root.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  cd "$BATS_TEST_TMPDIR"
  unset V
  open_dir=${TMPDIR:-/tmp}/tamalloc-setup-test.$$
}

teardown() {
  rm -rf "$open_dir"
}

# with_lib COMMANDS: run them in a script that sources the library.
with_lib() {
  printf '#!/usr/bin/env bash\nset -euo pipefail\n. %q\n%s\n' "$top/scripts/lib.sh" "$1" >script
  chmod +x script
}

@test "run_step: a step that works says how long it took" {
  with_lib 'run_step "a step" "$PWD/log" echo inside'
  run -0 ./script
  [[ $output == "a step: done in 0:0"* ]]
  [[ $(<log) == inside ]]
}

@test "run_step: a step that fails shows the end of its log, its path, and its status" {
  with_lib 'run_step "a step" "$PWD/log" bash -c "seq 100; echo the last word; exit 7"'
  run -7 ./script
  echo "$output"
  [[ $output == *"a step: failed"*"    the last word"*"The whole log: $PWD/log"* ]]
  [[ $output != *"    50"* ]]
}

@test "run_step: a log that cannot be written stops it before the step" {
  with_lib 'run_step "a step" "$PWD/log" touch ended'
  # Also root cannot write it.
  mkdir log
  run -1 ./script
  assert_eq 1 "${#lines[@]}" "lines, of
$output"
  [[ $output == *"$PWD/log is not writable"*"run 'sudo chown -R "* ]] || fail "$output"
  [[ ! -e ended ]]
}

@test "run_step: an interrupt ends the step and all that it started" {
  with_lib 'run_step "a step" "$PWD/log" bash -c "sleep 1000 & echo \$! >child; wait"'
  # A session of its own and an interrupt that is not ignored, as on a terminal.
  env --default-signal=INT setsid ./script >out 2>&1 3>&- &
  local pid=$!
  retry 100 test -s child
  kill -INT -- "-$pid"
  retry 100 eval '! kill -0 $(<child) 2>/dev/null'
  retry 100 eval "! kill -0 $pid 2>/dev/null"
}

@test "run_step: a hang-up and a closed pipe end the step and all that it started" {
  local pid
  with_lib 'echo $$ >run; run_step "a step" "$PWD/log" bash -c "sleep 1000 & echo \$! >child; wait"'
  # The caller of this test may ignore the signals.
  env --default-signal=HUP setsid ./script >out 2>&1 3>&- &
  retry 100 test -s child
  kill -HUP "$(<run)"
  retry 100 eval '! kill -0 $(<child) 2>/dev/null'
  rm child
  # Its first word of progress, after 15 s, finds the pipe closed.
  env --default-signal=PIPE setsid ./script 2>&1 3>&- | true &
  retry 100 test -s child
  pid=$(<child)
  retry 300 eval "! kill -0 $pid 2>/dev/null"
}

@test "run_step: shows the share done and the time left" {
  # It continues until that was shown.
  with_lib 'run_step -p "^  CC" -t 100 "a step" "$PWD/log" timeout 100 bash -c "
    for i in {1..40}; do echo \"  CC file\"; done
    until grep -q left out; do sleep 0.2; done"'
  run -0 eval './script >out'
  cat out
  [[ $(<out) =~ "0:"([0-9]{2})": a step, 40 % done, about 0:"([0-9]{2})" left" ]]
  # 40 of 100 took this time, so the other 60 take half as long again.
  echo "expected: $((10#${BASH_REMATCH[1]} * 60 / 40)) left; actual: ${BASH_REMATCH[2]}"
  ((10#${BASH_REMATCH[2]} == 10#${BASH_REMATCH[1]} * 60 / 40))
}

@test "put_file: leaves an equal file alone, replaces a different one" {
  with_lib 'put_file a b'
  echo one >a
  echo one >b
  touch -d 2001-01-01 b
  ./script
  [[ $(stat -c %y b) == 2001-01-01* ]]
  echo two >a
  ./script
  [[ $(<b) == two ]]
}

@test "setup: without root and sudo it prints the one command to type, and stops" {
  # Where somebody else may look.
  mkdir "$open_dir"
  cd "$open_dir"
  mkdir bin
  printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
  printf '#!/bin/sh\nexit 1\n' >bin/sudo
  chmod +x bin/*
  cp -r "$top/scripts" .
  # shellcheck disable=SC2016  # for the inner shell
  local command='PATH=$PWD/bin:$PATH scripts/setup'
  if ((EUID == 0)); then
    chmod -R a+rX .
    run -1 setpriv --reuid=65534 --clear-groups bash -c "$command"
  else
    run -1 bash -c "$command"
  fi
  echo "$output"
  [[ ${#lines[@]} == 3 ]]
  [[ ${lines[2]} == "apt-get update && apt-get install -y --no-install-recommends "*"linux-source-6.12"* ]]
}
