# Debian's node_exporter and promtool with what tamalloc-textfile writes.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers
load agents

directory=/var/lib/prometheus/node-exporter
file=$directory/tamalloc.prom

setup_file() {
  start_box
  mkdir -p "$directory"
}

setup() {
  expected=$BATS_TEST_TMPDIR/expected
  scraped=$BATS_TEST_TMPDIR/scraped
  actual=$BATS_TEST_TMPDIR/actual
}

teardown() {
  stop_agents
  rm -rf "${directory:?}"/*
}

# Debian starts it without arguments.
scrape() {
  start_agent node-exporter prometheus-node-exporter
  retry 300 get 9100/metrics "$scraped"
  metrics_of "$scraped" >"$actual"
}

@test "box: the processes stand still, with their names" {
  local before
  before=$(cat "$boxed/summary" "$boxed/pids")
  assert_eq 31 "$(wc -l <"$box.pids")" "processes by stand"
  # Plus one that shares an address space, and the first of the namespace.
  assert_eq "33 32" "$(key Processes "$boxed/summary") $(key AddressSpaces "$boxed/summary")" \
    "processes and address spaces"
  run -0 grep -cE ' (plain|tmux:.040server|q"o.134e|.303.244.342.202.254.012.033.303|.000)$' "$boxed/pids"
  assert_eq 6 "$output" "rows with names of the box"
  assert_eq "$before" "$(cat "$boxed/summary" "$boxed/pids")" "a second read"
}

@test "node_exporter: every figure scraped equals the files" {
  tamalloc-textfile --proc "$box" "$file"
  expected_metrics >"$expected"
  scrape
  assert_metrics "$expected" "$actual"
  assert_eq 1 "$(grep -c '^node_textfile_scrape_error 0$' "$scraped")" "scrapes without an error"
  grep -qF "node_textfile_mtime_seconds{file=\"$file\"} " "$scraped"
}

@test "node_exporter: with --pids every figure of every process, too" {
  tamalloc-textfile --pids --proc "$box" "$file"
  expected_metrics pids >"$expected"
  scrape
  assert_metrics "$expected" "$actual"
  assert_eq "$(($(rows "$boxed/pids" | wc -l) * 13))" "$(grep -c ^tamalloc_process_ "$actual")" "series of processes"
}

@test "node_exporter: a figure that is wrong is noticed [control]" {
  tamalloc-textfile --proc "$box" "$file"
  expected_metrics >"$expected"
  sed -i '/^tamalloc_name_swap_bytes{name="plain"}/s/ .*/ 1/' "$file"
  scrape
  run ! assert_metrics "$expected" "$actual"
  [[ $output == *'< tamalloc_name_swap_bytes{name="plain"} 0'*'> tamalloc_name_swap_bytes{name="plain"} 1'* ]]
}

@test "node_exporter: the next scrape sees a new file, and never half of one" {
  local first
  tamalloc-textfile --proc "$box" "$file"
  scrape
  first=$(grep '^tamalloc_call_reserved_bytes_total' "$scraped")
  stand --tamalloc 4096
  tamalloc-textfile --proc "$box" "$file"
  get 9100/metrics "$scraped"
  run -0 grep '^tamalloc_call_reserved_bytes_total' "$scraped"
  assert_eq 4194304 "$(awk -v a="${first##* }" -v b="${output##* }" 'BEGIN { printf "%.0f", b - a }')" \
    "bytes reserved between the scrapes"
  # The collector does not read the name of a file that is being written.
  sed 's/^tamalloc_processes .*/tamalloc_processes 7777/' "$file" >"$file.123"
  get 9100/metrics "$scraped"
  run ! grep -q '^tamalloc_processes 7777' "$scraped"
  kill_standing
}

@test "promtool: check metrics accepts the output" {
  tamalloc-textfile --pids --proc "$box" >"$BATS_TEST_TMPDIR/out"
  run -0 promtool check metrics <"$BATS_TEST_TMPDIR/out"
  assert_eq "" "$output" "complaints of promtool"
}

@test "promtool: a metric against the naming guide is noticed [control]" {
  tamalloc-textfile --proc "$box" | sed 's/tamalloc_calls_total/tamallocCalls/' >"$BATS_TEST_TMPDIR/out"
  run -3 promtool check metrics <"$BATS_TEST_TMPDIR/out"
  [[ $output == *tamallocCalls* ]]
}

@test "textfile: the machine's own files, as any user" {
  stand --anon 12345 --comm-hex 6d696e65
  run -0 as 1000 tamalloc-textfile --pids
  grep -qxF "tamalloc_process_rss_bytes{pid=\"$stood\",uid=\"0\",name=\"mine\"} $(($(field "$stood" RSS_KB) * 1024))" <<<"$output" ||
    fail "$(grep mine <<<"$output")"
  kill_standing
}

@test "textfile: under subset=pid one line, status 2, and the old figures" {
  mkdir -p "$BATS_TEST_TMPDIR/proc"
  mount -t proc -o subset=pid proc "$BATS_TEST_TMPDIR/proc"
  echo old >"$file"
  run -2 tamalloc-textfile --proc "$BATS_TEST_TMPDIR/proc" "$file"
  umount "$BATS_TEST_TMPDIR/proc"
  assert_eq "tamalloc-textfile: error: there is no $BATS_TEST_TMPDIR/proc/tamalloc/summary; load the module (modprobe tamalloc), boot a kernel with CONFIG_PROC_TAMALLOC, or mount /proc without subset=pid" \
    "$output" "message"
  assert_eq old "$(<"$file")" "the file"
}

@test "textfile: on a full disk one line, and the old figures" {
  local small=$BATS_TEST_TMPDIR/small
  mkdir "$small"
  # Room for the old file and 4 KiB.
  mount -t tmpfs -o size=8k tmpfs "$small"
  echo old >"$small/tamalloc.prom"
  run -1 tamalloc-textfile --proc "$box" "$small/tamalloc.prom"
  assert_eq "tamalloc-textfile: error: cannot write .tamalloc.prom.tmp beside $small/tamalloc.prom, which is as it was: No space left on device" \
    "$output" "message"
  assert_eq "tamalloc.prom old" "$(ls -A "$small") $(<"$small/tamalloc.prom")" "what is there"
  umount "$small"
}
