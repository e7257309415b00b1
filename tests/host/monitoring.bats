# The configurations of agents and servers: alert rules and the dashboard.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup_file() {
  (. "$top/scripts/lib.sh" && compile_tools "$BATS_FILE_TMPDIR")
  "$top/scripts/vm/debs" >/dev/null
  export PATH=$top/build/debs/root/usr/bin:$BATS_FILE_TMPDIR:$PATH
}

setup() {
  rules=$top/proc/monitoring/alerts.yml
  dashboard=$top/proc/monitoring/grafana-dashboard.json
}

# test_rules SED-SCRIPT FILE...: "promtool test rules" with these files of tests, on the rules
# as changed by the script.
test_rules() {
  sed -e "$1" "$rules" >"$BATS_TEST_TMPDIR/alerts.yml"
  shift
  (cd "$top/tests/guest/agents" && cp "$@" "$BATS_TEST_TMPDIR")
  (cd "$BATS_TEST_TMPDIR" && promtool test rules "$@")
}

# noticed FILE SED-SCRIPT...: the tests of FILE fail on the rules as changed by any script.
noticed() {
  local file=$1 change
  shift
  for change; do
    ! cmp -s "$rules" <(sed -e "$change" "$rules") || {
      echo "changes nothing: $change" >&2
      return 1
    }
    run test_rules "$change" "$file"
    ((status != 0)) || {
      echo "not noticed: $change" >&2
      return 1
    }
  done
}

# The metrics that the exporter declares.
exported() {
  local proc=$BATS_TEST_TMPDIR/proc sys=$BATS_TEST_TMPDIR/sys name
  mkdir -p "$proc/tamalloc" "$sys/kernel/mm/tamalloc"
  printf 'cpu 1\nbtime 1700000000\n' >"$proc/stat"
  for name in abi_version calls failures reserved_bytes; do
    echo 1 >"$sys/kernel/mm/tamalloc/$name"
  done
  {
    printf '%s: 1\n' Processes AddressSpaces
    printf 'Total%s: 1 kB\n' Reserved Committed Rss Anon File Shmem Swap Hugetlb PageTables
    echo "CommittedPct: 1.00 %"
  } >"$proc/tamalloc/summary"
  {
    echo PID UID STARTTIME {RESERVED,COMMITTED}_KB COMMITTED_PCT \
      {RSS,ANON,FILE,SHMEM,SWAP,HUGETLB,PGTABLES}_KB OOM_SCORE OOM_SCORE_ADJ PPID CGROUP NAME
    echo 1 0 1 1 1 1.00 1 1 1 1 1 1 1 1 1 0 1 init
  } >"$proc/tamalloc/pids"
  tamalloc-textfile --pids --proc "$proc" --sys "$sys" |
    awk '$2 == "TYPE" { print $3 }' | sort
}

# The metrics of tamalloc that a text names.
named() {
  grep -oE '\btamalloc_[a-z_]+' | sort -u
}

@test "alerts: promtool check rules accepts them" {
  run -0 promtool check rules "$rules"
  [[ $output == *"SUCCESS: 7 rules found"* ]]
  sed 's/topk by/topk bye/' "$rules" >"$BATS_TEST_TMPDIR/bad.yml"
  run ! promtool check rules "$BATS_TEST_TMPDIR/bad.yml"
}

@test "alerts: each fires when it must and not otherwise" {
  run -0 test_rules '' alerts.test.yml alerts-growth.test.yml
  [[ $output == *SUCCESS* ]]
  # Each has both: a test where it fires, and one where it does not.
  local alert
  for alert in $(sed -n 's/.*- alert: //p' "$rules"); do
    assert_eq "1 1" "$(awk -v alert="$alert" '
      $1 == "alertname:" { this = ($2 == alert) }
      this && /exp_alerts: \[\]/ { none = 1 }
      this && /exp_labels:/ { some = 1 }
      END { print none + 0, some + 0 }' "$top"/tests/guest/agents/alerts{,-growth}.test.yml)" "tests without and with $alert"
  done
}

@test "alerts: a rule that never or always fires is noticed [control]" {
  noticed alerts.test.yml \
    's/> on (job, instance) group_left () node_memory_MemTotal_bytes/& * 100/' \
    's/0.1 \* tamalloc_name_reserved/1 * tamalloc_name_reserved/' \
    's/< 0.05 \*/< 0.04 */' 's/< 0.05 \*/< 0.06 */' 's/_max > 0)/_max)/' 's/(1, tamalloc_name/(2, tamalloc_name/' \
    's/(1, tamalloc_user/(2, tamalloc_user/' 's/< 0.1 \*/< 0.098 */' 's/< 0.1 \*/< 0.102 */' \
    '/user_rss_bytes{/s/{user!=[^}]*}//' 's/ + tamalloc_user_swap_bytes//' '/reserved_bytes{/s/{name!=[^}]*}//' \
    's/failures_total\[10m\]) > 0/failures_total[10m]) > 2/' 's/failures_total\[10m\]) > 0/failures_total[10m]) >= 0/' \
    's/> 300$/> 900/' 's/, *file=~".*prom"//; s/{file=~".*prom"}//'
  noticed alerts-growth.test.yml \
    '/cgroup_rss_bytes{/s/{cgroup!=[^}]*}//' '/predict_linear((tamalloc_cgroup/s/86400/43200/' \
    's/> 1.2 \* (tamalloc_cgroup/> 0 * (tamalloc_cgroup/' 's/> 1.2 \* (tamalloc_cgroup/> 3000 * (tamalloc_cgroup/' \
    '/name_rss_bytes{/s/{name!=[^}]*}//' '/predict_linear((tamalloc_name/s/86400/43200/' \
    's/> 1.2 \* (tamalloc_name/> 0 * (tamalloc_name/' 's/> 1.2 \* (tamalloc_name/> 3000 * (tamalloc_name/'
}

@test "dashboard: it is JSON that Grafana accepts as a dashboard" {
  run -0 jq -e '(.title | length > 0) and (.uid | length > 0) and (.schemaVersion >= 30) and (.panels | length >= 10)
    and ([.panels[].id] | unique | length) == (.panels | length)
    and all(.panels[]; (.title | length > 0) and (.gridPos | has("x") and has("y") and has("w") and has("h"))
      and (.gridPos.x + .gridPos.w <= 24)
      and (.fieldConfig.defaults.unit | length > 0)
      and (.targets | length > 0) and all(.targets[]; .refId and .expr and .datasource.uid == "${datasource}"))' "$dashboard"
  # No two panels in the same place.
  run -0 jq -e '[.panels[].gridPos as $p | range($p.x; $p.x + $p.w) as $x | range($p.y; $p.y + $p.h) as $y | [$x, $y]]
    | length == (unique | length)' "$dashboard"
}

@test "dashboard: each query is one that Prometheus parses" {
  local file=$BATS_TEST_TMPDIR/queries.yml
  # A rule for each query: promtool parses these.
  jq '{groups: [{name: "dashboard", rules: [.panels[] | .id as $id | .targets[] |
    {record: "panel:\($id):\(.refId)" | gsub("[^a-zA-Z0-9:]"; "_"),
     expr: (.expr | gsub("\\$__rate_interval"; "2m"))}]}]}' "$dashboard" >"$file"
  run -0 promtool check rules "$file"
  assert_eq "$(jq '[.panels[].targets[]] | length' "$dashboard")" \
    "$(jq '.groups[0].rules | length' "$file")" "queries"
  sed -i 's/deriv(/deriv((/' "$file"
  run ! promtool check rules "$file"
}

@test "dashboard and alerts: every metric that they name is exported" {
  local all
  all=$(exported)
  [[ $all == *tamalloc_name_rss_bytes* ]]
  assert_eq "" "$(jq -r '.. | .expr? // empty' "$dashboard" | named | comm -23 - <(echo "$all"))" \
    "in the dashboard, not exported"
  assert_eq "" "$(sed 's/#.*//' "$rules" | grep -v description: | named | grep -vx tamalloc_textfile | comm -23 - <(echo "$all"))" \
    "in the rules, not exported"
  assert_eq "tamalloc_unknown_bytes" "$(echo 'sum(tamalloc_unknown_bytes)' | named | comm -23 - <(echo "$all"))" \
    "metrics that are not exported [control]"
}

@test "exporter: each metric is in its man page" {
  local metric page
  page=$(mandoc -T utf8 "$top/docs/tamalloc-textfile.1" | sed 's/.\x08//g')
  for metric in $(exported); do
    case $metric in
      tamalloc_name_*_bytes) metric=tamalloc_name_SIZE_bytes ;;
      tamalloc_user_*_bytes) metric=tamalloc_user_SIZE_bytes ;;
      tamalloc_cgroup_*_bytes) metric=tamalloc_cgroup_SIZE_bytes ;;
      tamalloc_process_*_bytes) metric=tamalloc_process_SIZE_bytes ;;
      tamalloc_call_reserved_bytes_total) ;;
      tamalloc_*_bytes) metric=tamalloc_SIZE_bytes ;;
    esac
    [[ $page == *$metric* ]] || {
      echo "not in docs/tamalloc-textfile.1: $metric" >&2
      return 1
    }
  done
}

# documented FILE: the block of docs/monitoring.md that shows a file.
documented() {
  awk -v mark="<!-- file: $1 -->" '
    $0 == mark { found = 1; next }
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside' "$top/docs/monitoring.md"
}

@test "docs: the configurations that they show are the files, word for word" {
  local file
  for file in prometheus.yml collectd.conf zabbix.conf telegraf.conf; do
    diff "$top/proc/monitoring/$file" <(documented "$file")
  done
  assert_eq 4 "$(grep -c '^<!-- file: ' "$top/docs/monitoring.md")" "files shown"
  run ! diff "$top/proc/monitoring/zabbix.conf" <(documented collectd.conf)
  # Each alert is in the table.
  for file in $(sed -n 's/.*- alert: //p' "$rules"); do
    grep -q "^| .$file. |" "$top/docs/monitoring.md" || {
      echo "not in docs/monitoring.md: $file" >&2
      return 1
    }
  done
}

# zabbix KEY PARAMETER...: run a key as the agent does: $1 and $2 are the parameters, $$
# is a dollar; without parameters all stands as it is.
zabbix() {
  local command
  command=$(sed -n "s/^UserParameter=tamalloc\.$1\(\[\*\]\)\{0,1\},//p" "$top/proc/monitoring/zabbix.conf")
  if (($# > 1)); then
    command=${command//'$$'/$'\1'}
    command=${command//'$1'/"$2"}
    command=${command//'$2'/"${3:-}"}
    command=${command//$'\1'/'$'}
  fi
  command=${command//\/proc\/tamalloc/"$BATS_TEST_TMPDIR/proc/tamalloc"}
  TAMSTAT_PROC=$BATS_TEST_TMPDIR/proc/tamalloc sh -c "${command//\/sys\/kernel/"$BATS_TEST_TMPDIR/sys/kernel"}" 2>&1
}

@test "zabbix: names are compared as text, and nothing else than a counter is read" {
  local name
  exported >/dev/null
  for name in 7 07 7.0 0x7; do
    echo 1 0 1 34359738368 1 0.00 9007199254740993 1 1 1 1 1 1 2 1 0 1 "$name" >>"$BATS_TEST_TMPDIR/proc/tamalloc/pids"
  done
  assert_eq 9007199254740993 "$(zabbix name RSS_KB 7)" "RSS_KB of 7"
  assert_eq 34359738368 "$(zabbix name RESERVED_KB 7.0)" "RESERVED_KB of 7.0"
  assert_eq "" "$(zabbix name RSS_KB none)" "a name that nobody has"
  assert_eq 'tamstat: there is no column "NIX"; there are:' "$(zabbix name NIX 7 | cut -d: -f1-2):" "a column that is not there"
  assert_eq "2 1 7" "$(zabbix oom)" "the next to be taken"
  assert_eq 1 "$(zabbix summary TotalRss)" "TotalRss"
  assert_eq 1 "$(zabbix calls failures)" "failures"
  for name in ../../../../proc/stat abi_version/../calls '' nothing; do
    assert_eq "there is no counter $name" "$(zabbix calls "$name")" "calls[$name]"
  done
}

# recipe HEADING N: the N-th block of code under a heading of docs/monitoring.md.
recipe() {
  awk -v heading="### $1" -v n="$2" '
    /^#/ && !inside { here = $0 == heading }
    /^```/ { if (here && !inside && $0 == "```sh") n--; inside = !inside; next }
    here && inside && n == 0' "$top/docs/monitoring.md"
}

# answers: of "HEADING|N|FIRST LINE|FIRST FIGURE" lines, each recipe prints that first line,
# whoever runs it, and then that figure as people read it.
answers() {
  local heading n awk expected rounded script=$BATS_TEST_TMPDIR/script
  while IFS='|' read -r heading n expected rounded; do
    recipe "$heading" "$n" | sed "s|/proc/tamalloc|$BATS_TEST_TMPDIR/proc/tamalloc|g; s|/var/tmp|$BATS_TEST_TMPDIR|g" >"$script.$n"
    [[ -s $script.$n ]]
    sed 's/numfmt --from-unit=1024 --to=iec/cat/' "$script.$n" >"$script"
    for awk in mawk gawk "busybox awk"; do
      mkdir -p "$BATS_TEST_TMPDIR/bin"
      printf '#!/bin/sh\nexec %s "$@"\n' "$awk" >"$BATS_TEST_TMPDIR/bin/awk"
      chmod +x "$BATS_TEST_TMPDIR/bin/awk"
      PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 dash -eu "$script"
      assert_eq "$expected" "$(tr -s ' ' <<<"${lines[0]}")" "$heading, with $awk"
      PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 dash -eu "$script.$n"
      assert_eq "$rounded" "${lines[0]%% *}" "$heading, with $awk, as people read it"
    done
  done
}

@test "recipes: every awk gives the same answer, with all digits" {
  exported >/dev/null
  {
    echo 2 0 2 34359738368 5 0.00 34359738367 7 1 1 34359738360 1 34359738361 900 0 1 1 'big\040one'
    echo 3 7 3 9007199254740000 9007199254730000 99.99 5 34359738368 1 1 0 1 1 901 0 1 1 more
  } >>"$BATS_TEST_TMPDIR/proc/tamalloc/pids"
  sed 's/34359738367/3/' "$BATS_TEST_TMPDIR/proc/tamalloc/pids" >"$BATS_TEST_TMPDIR/pids.morning"
  answers <<'TEXT'
Who holds the most memory?|1|34359738367 2 big\040one|32T
Who reserved memory and never touched it?|1|34359738363 2 big\040one|32T
Who had memory and gave it back?|1|9007199254729995 3 more|8.0E
Who grew since this morning?|2|34359738364 2 big\040one|32T
Which user holds how much?|1|34359738368 root|32T
Which program holds how much, over all its processes?|1|34359738368 1 more|32T
Whom would the OOM killer take next?|1|901 0 3 more|901
How much is in page tables, and whose are they?|1|all together 1|all
Who is in swap?|1|34359738360 2 big\040one|32T
How many processes run in the address space of another?|1|0|0
TEXT
  # What is not computed has more digits than awk can count.
  echo 4 4 4 1 1 0.00 18446744073709551615 1 1 1 18446744073709551614 1 1 1 0 1 1 most >>"$BATS_TEST_TMPDIR/proc/tamalloc/pids"
  answers <<'TEXT'
Who holds the most memory?|1|18446744073709551615 4 most|16Z
Who is in swap?|1|18446744073709551614 4 most|16Z
TEXT
}

@test "docs: the number of series is what the exporter writes" {
  exported >/dev/null
  run -0 "$BATS_FILE_TMPDIR/tamalloc-textfile" --proc "$BATS_TEST_TMPDIR/proc" --sys "$BATS_TEST_TMPDIR/sys"
  local fixed each group
  fixed=$(grep -v '^#' <<<"$output" | grep -vcE '^tamalloc_(name|user|cgroup)_')
  each=$(grep -c '^tamalloc_name_' <<<"$output")
  for group in user cgroup; do
    assert_eq "$each" "$(grep -c "^tamalloc_${group}_" <<<"$output")" "series for each $group"
  done
  tr '\n' ' ' <"$top/docs/monitoring.md" |
    grep -qF "adds $fixed series, and $each for each of 20 names, 20 users and 20 control groups and for all others of each kind: at most $((fixed + each * 63))" || {
    echo "exported: $fixed, and $each for each name" >&2
    return 1
  }
}
