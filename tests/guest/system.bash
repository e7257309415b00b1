# Shared by the tests in a whole Debian system that systemd booted. $TAMALLOC_BOOT is the
# number of the boot.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

prom=/var/lib/prometheus/node-exporter/tamalloc.prom

# note WORDS...: print figures for the record.
note() {
  printf '# %s\n' "$*" >&3
}

assert_no_failed_unit() {
  assert_eq "" "$(systemctl --failed --plain --no-legend)" "failed units"
}

# assert_installed PACKAGE...: and each file is as in the package.
assert_installed() {
  local name
  for name; do
    assert_eq "install ok installed" "$(dpkg-query -W -f '${Status}' "$name")" "$name"
    run dpkg --verify "$name"
    assert_eq "" "$output" "files of $name that differ from the package"
  done
}

# login_prompt: PID of one that waits for its terminal. A slow boot may give up on one of them.
login_prompt() {
  pgrep -o -x agetty
}

# assert_system_rows: rows of a process of this test, and of a service that stands still
assert_system_rows() {
  local pid getty copy=$BATS_TEST_TMPDIR/pids
  sleep 600 3>&- &
  pid=$!
  getty=$(login_prompt)
  retry 300 state_is "$pid" S
  retry 300 state_is "$getty" S
  cat "$pids" >"$copy"
  assert_rows "$copy" "$pid" "$getty"
  note "pids:   $(awk -v pid="$getty" '$1 == pid' "$copy")"
  note "status: $(grep -E '^(Name|Vm(Size|HWM|RSS|PTE)|Rss)' "/proc/$getty/status" | tr -s '\t\n' ' ')"
  assert_eq systemd "$(field 1 NAME "$copy")" "name of PID 1"
  kill "$pid"
}

assert_tamstat() {
  run -0 tamstat --csv -p 1
  [[ ${lines[1]} == 1,* ]] || fail "tamstat --csv -p 1: $output"
  run -0 tamstat -n 3
}

# metrics FILE: its metrics of tamalloc without comments, one "NAME{LABELS} VALUE" a line.
# The values have all digits, because node_exporter writes 1.5e+06.
metrics() {
  awk '/^tamalloc_/ { value = $NF; sub(/ [^ ]+$/, ""); printf "%s %.4f\n", $0, value }' "$1" |
    LC_ALL=C sort
}

scrape() {
  curl -sS --fail --max-time 60 -o "$1" http://127.0.0.1:9100/metrics
}

# service_succeeded: for retry
service_succeeded() {
  [[ $(systemctl show -P Result -P ExecMainStatus tamalloc-textfile.service) == $'success\n0' ]] &&
    [[ -s $prom ]]
}

# assert_scraped N: node_exporter returns every figure that the service wrote, at least N.
assert_scraped() {
  local scraped=$BATS_TEST_TMPDIR/scraped
  assert_eq active "$(systemctl is-active prometheus-node-exporter.service)" "node_exporter"
  # Otherwise the timer would write another file in between. A service that it has started
  # already ends before this start does.
  systemctl stop tamalloc-textfile.timer
  systemctl start tamalloc-textfile.service
  retry 300 scrape "$scraped"
  metrics "$prom" >"$BATS_TEST_TMPDIR/expected"
  metrics "$scraped" >"$BATS_TEST_TMPDIR/actual"
  systemctl start tamalloc-textfile.timer
  assert_le "$1" "$(wc -l <"$BATS_TEST_TMPDIR/expected")" "metrics in $prom"
  diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/actual"
  grep -qx 'node_textfile_scrape_error 0' "$scraped" || fail "the scrape had an error"
  note "$(wc -l <"$BATS_TEST_TMPDIR/actual") figures over HTTP, $(grep '^tamalloc_committed_bytes ' "$scraped")"
}
