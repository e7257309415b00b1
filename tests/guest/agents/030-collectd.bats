# Debian's collectd: its table plugin with the documented configuration.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers
load agents

# value NAME: the last value that collectd has written.
value() {
  tail -qn 1 "$csv"/*/tamalloc-*/"$1"-20* 2>/dev/null | cut -d, -f2
}

# The value that is read last has been written twice.
written() {
  [[ $(cat "$csv"/*/tamalloc-calls/derive-reserved_bytes-20* 2>/dev/null | wc -l) -ge 3 ]]
}

collect() {
  csv=$BATS_TEST_TMPDIR/csv
  {
    printf '%s\n' "BaseDir \"$BATS_TEST_TMPDIR\"" 'PluginDir "/usr/lib/collectd"' \
      'TypesDB "/usr/share/collectd/types.db"' "Interval 1" "LoadPlugin csv" \
      "<Plugin csv>" "DataDir \"$csv\"" "</Plugin>"
    cat ../monitoring/collectd.conf
  } >"$BATS_TEST_TMPDIR/collectd.conf"
  start_agent collectd in_box collectd -f -C "$BATS_TEST_TMPDIR/collectd.conf"
  retry 300 written
}

@test "collectd: every figure of summary and every counter is what the files say" {
  local name
  cd "$BATS_TEST_DIRNAME"
  collect
  for name in Processes AddressSpaces TotalReserved TotalCommitted CommittedPct TotalRss \
    TotalAnon TotalFile TotalShmem TotalSwap TotalHugetlb TotalPageTables; do
    assert_eq "$(printf %.6f "$(key $name "$boxed/summary")")" "$(value "gauge-$name")" "$name"
  done
  for name in calls failures reserved_bytes; do
    assert_eq "$(<"$counters/$name")" "$(value "derive-$name")" "$name"
  done
  # collectd names the files that it cannot read.
  run ! grep -iE 'error|fail|warn' "$BATS_TEST_TMPDIR/collectd.log"
}

@test "collectd: other processes give other figures [control]" {
  cd "$BATS_TEST_DIRNAME"
  box_rss=$(key TotalRss "$boxed/summary")
  # The machine's own files, not those of the box: more processes run there.
  in_box() { "$@"; }
  collect
  [[ $(value gauge-TotalRss) != "$(printf %.6f "$box_rss")" ]]
}
