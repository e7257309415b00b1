# Debian's Zabbix agent: its own items for files, and the documented user parameters.
# The test asks over the network, as a server does.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers
load agents

setup() {
  cat >"$BATS_TEST_TMPDIR/agent.conf" <<TEXT
LogType=console
PidFile=$BATS_TEST_TMPDIR/agent.pid
Server=127.0.0.1
ListenIP=127.0.0.1
StartAgents=1
AllowRoot=1
Include=$BATS_TEST_DIRNAME/../monitoring/zabbix.conf
TEXT
  start_agent zabbix in_box zabbix_agentd -f -c "$BATS_TEST_TMPDIR/agent.conf"
  retry 300 ask agent.ping >/dev/null
}

ask() {
  zabbix_get -s 127.0.0.1 -k "$1"
}

names="TotalReserved TotalCommitted TotalRss TotalAnon TotalFile TotalShmem TotalSwap TotalHugetlb TotalPageTables"

@test "zabbix: vfs.file.regexp gives each figure of summary" {
  local name
  for name in Processes AddressSpaces CommittedPct $names; do
    run -0 ask "vfs.file.regexp[/proc/tamalloc/summary,\"^$name: +([0-9.]+)\",,,,\\1]"
    assert_eq "$(key "$name" "$boxed/summary")" "$output" "$name"
  done
}

@test "zabbix: vfs.file.contents gives the whole of summary, for dependent items" {
  run -0 ask "vfs.file.contents[/proc/tamalloc/summary]"
  assert_eq "$(<"$boxed/summary")" "$output" "summary"
}

@test "zabbix: the user parameters return the values of the files" {
  local name
  for name in Processes CommittedPct $names; do
    run -0 ask "tamalloc.summary[$name]"
    assert_eq "$(key "$name" "$boxed/summary")" "$output" "$name"
  done
  for name in calls failures reserved_bytes; do
    run -0 ask "tamalloc.calls[$name]"
    assert_eq "$(<"$counters/$name")" "$output" "$name"
  done
  for name in RSS_KB RESERVED_KB PGTABLES_KB; do
    run -0 ask "tamalloc.name[$name,plain]"
    # shellcheck disable=SC2046  # the two of that name
    set -- $(paste -d: <(column $name "$boxed/pids") <(column NAME "$boxed/pids") | sed -n 's/:plain$//p')
    assert_eq "$(($1 + $2))" "$output" "$name of plain"
  done
  run -0 ask tamalloc.oom
  assert_eq "$(paste -d' ' <(column OOM_SCORE "$boxed/pids") <(column PID "$boxed/pids") <(column NAME "$boxed/pids") |
    sort -s -k 1,1nr | head -n 1)" "$output" "the next to be taken"
}

@test "zabbix: a missing value is an error or nothing, never a figure [control]" {
  run ask "vfs.file.regexp[/proc/tamalloc/none,\"^x: +([0-9.]+)\",,,,\\1]"
  [[ $output == *ZBX_NOTSUPPORTED* ]] || fail "actual: $output"
  run ask "tamalloc.summary[TotalNothing]"
  [[ ! $output =~ ^[0-9] ]] || fail "actual: $output"
  # The agent refuses parameters with characters that a shell interprets.
  run ask "tamalloc.summary[x'; echo 1; ']"
  [[ $output == *ZBX_NOTSUPPORTED* ]] || fail "actual: $output"
}
