# The cost of tamstat, in a guest whose clock counts instructions (guest --icount).
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup_file() {
  echo 200000 >/proc/sys/kernel/pid_max
  echo 200000 >/proc/sys/kernel/threads-max
}

teardown() {
  [[ -z ${leader:-} ]] || {
    kill -TERM "$leader"
    retry 600 gone "$leader"
  }
}

# instructions COMMAND...: the number that it takes. A second of the clock has 10^9.
instructions() {
  local before after
  before=$(date +%s%N)
  "$@" >"$BATS_TEST_TMPDIR/out"
  after=$(date +%s%N)
  taken=$((after - before))
}

@test "tamstat: 10,000 processes take at most 2 seconds" {
  local awk args
  leader=$(crowd 10000)
  # The guest's awk is gawk, Debian's is mawk.
  for awk in gawk mawk; do
    mkdir "$BATS_TEST_TMPDIR/$awk"
    ln -s "$(command -v "$awk")" "$BATS_TEST_TMPDIR/$awk/awk"
    for args in "" "--json" "--csv" "--by user" "--by name" "-s user -n 20" "-c c*"; do
      # shellcheck disable=SC2086  # words
      PATH=$BATS_TEST_TMPDIR/$awk:$PATH instructions tamstat $args
      echo "# tamstat $args, $awk: $taken instructions" >&3
      [[ -n $args ]] || assert_le 10001 "$(wc -l <"$BATS_TEST_TMPDIR/out")" "lines"
      assert_between 10000000 "$taken" 2000000000 "instructions of tamstat $args with $awk"
    done
  done
}
