# The reader of "make soak" finds malformed output.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=smp
load ../helpers

@test "soakread: reads of a running system have no fault" {
  local option=()
  has_call || option=(--no-call)
  soakread "${option[@]}" 3>&- >"$BATS_TEST_TMPDIR/out" 2>&1 &
  local reader=$! status=0 i many
  many=$(load_of 40 8)
  for ((i = 0; i < many; i++)); do
    "$BASH" -c 'command true'
  done
  kill "$reader"
  wait "$reader" || status=$?
  cat "$BATS_TEST_TMPDIR/out"
  assert_eq 0 "$status" status
  assert_eq "faults 0" "$(tail -n 1 "$BATS_TEST_TMPDIR/out")"
  run -0 grep -cE '^latency (pids|summary) reads [1-9][0-9]* p50 [0-9]+ p90 [0-9]+ p99 [0-9]+ p99.9 [0-9]+ max [0-9]+ us$' \
    "$BATS_TEST_TMPDIR/out"
  assert_eq 2 "$output" "lines of percentiles"
}

# noticed KIND WHAT PROGRAM: soakread rejects the copy that awk makes with PROGRAM.
noticed() {
  gawk "$3" "$BATS_TEST_TMPDIR/$1" >"$BATS_TEST_TMPDIR/wrong"
  run -1 soakread --check "$1" "$BATS_TEST_TMPDIR/wrong"
  [[ $output == *"expected $2"* ]] || fail "expected: $2" "actual: $output"
}

@test "soakread: a damaged row or key is noticed [control]" {
  snapshot "$BATS_TEST_TMPDIR"
  run -0 soakread --check pids "$BATS_TEST_TMPDIR/pids"
  run -0 soakread --check summary "$BATS_TEST_TMPDIR/summary"

  noticed pids "the header" 'NR > 1'
  noticed pids "the header" 'NR == 1 { sub(/SWAP_KB/, "SWOP_KB") } { print }'
  noticed pids "the header" 'NR == 1 { sub(/ NAME/, " MORE NAME") } { print }'
  noticed pids "a larger PID" '{ print } NR == 3 { print }'
  noticed pids "a row that parses" 'NR == 3 { sub(/ [^ ]+$/, "") } { print }'
  noticed pids "a row that parses" 'NR == 3 { $0 = $0 " more" } { print }'
  noticed pids "a row that parses" 'NR == 3 { printf "%s", substr($0, 1, 40); next } { print }'
  noticed pids "printable ASCII" 'NR == 3 { $0 = $0 "\t" } { print }'
  noticed pids "RSS to be the sum" 'NR == 3 { $8 += 4; $0 = " " $0 } { print }'
  noticed pids "COMMITTED not to be below RSS" 'NR == 3 { $5 = $7 - 4; $0 = " " $0 } { print }'
  noticed pids "another COMMITTED_PCT" 'NR == 3 { $6 = "0.01"; $0 = " " $0 } { print }'
  noticed pids "OOM_SCORE_ADJ from" 'NR == 3 { $15 = "-1001"; $0 = " " $0 } { print }'
  noticed pids "the PPID of another" 'NR == 3 { $16 = $1; $0 = " " $0 } { print }'

  noticed summary "AddressSpaces" '!/^AddressSpaces/'
  noticed summary "TotalSwap" '/^TotalSwap/ { next } { print } /^TotalHugetlb/ { print "TotalSwap: 0 kB" }'
  noticed summary "no more keys" '{ print } END { print "More: 1 kB" }'
  noticed summary "a number and its unit" '{ sub(/ kB/, " KB"); print }'
  noticed summary "a number and its unit" '{ sub(/ %/, ""); print }'
  noticed summary "TotalRss to be the sum" '/^TotalAnon/ { $2 += 4 } { print }'
  noticed summary "TotalCommitted not to be below" '/^TotalCommitted/ { $2 = 4 } { print }'
  noticed summary "another CommittedPct" '/^CommittedPct/ { $2 = "0.01" } { print }'
  noticed summary "Processes, AddressSpaces" '/^Processes/ { $2 = 0 } { print }'
}
