# The cost of reads, in a guest whose clock counts instructions (guest --icount).
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# One crowd for all tests: to start and end 10,000 processes takes longest here.
setup_file() {
  cost $pids $summary 0 100 1000 10000 >"$BATS_FILE_TMPDIR/costs"
}

setup() {
  costs=$BATS_FILE_TMPDIR/costs
}

# flat FILE: each further process costs a read as much among 100, 1,000 and 10,000, within
# 5 percent. A read that finds only the few processes of the guest has the cost that does
# not depend on their number.
flat() {
  local number time each least=0 most=0 few=0 base=0 numbers=
  while read -r number time; do
    if ((number < 100)); then
      few=$number base=$time
      echo "# $1: $number processes, $time instructions" >&3
      continue
    fi
    numbers+=" $number"
    each=$(((time - base) / (number - few)))
    echo "# $1: $number processes, $time instructions, $each each" >&3
    ((least != 0 && least <= each)) || least=$each
    ((most >= each)) || most=$each
  done < <(awk -v file="$1" '$1 == "read" && $2 == file { print $3, $4 }' "$costs")
  assert_eq " 100 1000 10000" "$numbers" processes
  assert_le $((most * 100)) $((least * 105)) "dearest, at most 1.05 of the cheapest, in hundredths"
}

@test "cost: a row of pids costs the same among 100, 1,000 and 10,000" {
  flat $pids
}

@test "cost: a process in summary costs the same among 100, 1,000 and 10,000" {
  flat $summary
}

@test "cost: a cost that is not flat is noticed [control]" {
  # To list a directory per process costs more per process, the more there are.
  costs=$BATS_TEST_TMPDIR/costs
  printf "read $pids %s\n" "10 10000" "100 100000" "1000 1060000" "10000 10000000" >"$costs"
  run flat $pids
  assert_eq 1 "$status" status
  assert_has "dearest, at most 1.05" "$output"
}

@test "reading: a reader killed in the middle of a read of 10,000 ends at once" {
  local whole longest idle
  read -r whole longest idle < <(awk -v file=$summary '$1 == "kill" && $2 == file { print $3, $4, $5 }' "$costs")
  echo "# a whole read $whole instructions, from kill to end $longest, of a process that waits $idle" >&3
  # At least 45 percent of the read remain when the signal arrives.
  assert_between 1 "$idle" $((whole / 2)) "from kill to end of a process that waits"
  assert_le $((longest - idle)) $((whole / 40)) "from kill to end, more than for one that waits"
}
