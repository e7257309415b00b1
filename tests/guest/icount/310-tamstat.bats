# The cost of tamstat, in a guest whose clock counts instructions (guest --icount).
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup_file() {
  echo 200000 >/proc/sys/kernel/pid_max
  echo 200000 >/proc/sys/kernel/threads-max
}

# costs COUNT: reads "COMMAND|LIMIT" lines, and fails if a COMMAND takes more than LIMIT
# instructions for each of COUNT processes, from its start to its end.
costs() {
  local count=$1 commands=() limits=() command limit taken
  while IFS='|' read -r command limit; do
    commands+=("$command")
    limits+=("$limit")
  done
  benchproc "$count" "${commands[@]}" >"$BATS_TEST_TMPDIR/costs"
  for command in "${commands[@]}"; do
    taken=$(sed -nE "s/^$command [0-9]+ [0-9]+ ([0-9]+) [0-9]+\$/\1/p" "$BATS_TEST_TMPDIR/costs")
    echo "# $command: $taken instructions for each of $count processes" >&3
    assert_between 100 "$taken" "${limits[0]}" "instructions of $command for each process"
    limits=("${limits[@]:1}")
  done
}

@test "tamstat: the cost of a process, of 10,000" {
  costs 10000 <<'TEXT'
tamstat|6000
tamstat -n 20|3000
tamstat --by name|3000
tamstat --by user|3000
TEXT
}

# The start of any program is 900 of it, and the two reads are 1,300.
@test "tamalloc-textfile: the cost of a process, of 1,000" {
  costs 1000 <<'TEXT'
tamalloc-textfile|4000
TEXT
}

# A processor does 2,000,000,000 between two looks; one percent is the limit.
@test "tamstat: the cost of a look of --watch among 1,000" {
  run -0 /tamalloc/runs/bench frame
  echo "# $output" >&3
  assert_between 100000 "$(awk '$1 == "tools.frame" { print $2 }' <<<"$output")" 20000000 "instructions of a look"
}
