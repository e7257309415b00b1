# Shared by the tests of agents: a set of processes that stand still, in a pid
# namespace of their own whose /proc is mounted outside. A reader of that mount is
# not in the namespace, so it finds the same figures each time.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

box=/tmp/box
boxed=$box/tamalloc

# start_box: some processes with names that are hard for every format, and more
# names than the exporter shows by default. Memory is by the page, so larger pages take more
# of it to be as far apart.
start_box() {
  mkdir -p "$box"
  # shellcheck disable=SC2016  # expanded in there
  unshare --pid --fork --kill-child=KILL bash -c '
    mount -t proc proc "$1"
    {
      stand --comm-hex 706c61696e --anon $((5000 * $2)) --reserve 3000000 --oom-adj 300
      stand --comm-hex 706c61696e --anon $((9000 * $2)) --shmem 700
      stand --comm-hex 746d75783a20736572766572 --anon $((4000 * $2))
      stand --comm-hex 71226f5c65 --anon $((3900 * $2)) --oom-adj -200
      stand --comm-hex c3a4e282ac0a1bc3 --anon $((3800 * $2)) --file /usr/bin/bash
      stand --comm-hex 00 --anon $((3700 * $2)) --tamalloc 123456
      stand --comm-hex 28736861726529 --anon 100 --clone-vm 1
      # Far enough apart to keep their order, whatever a start needs for itself
      for ((i = 10; i < 34; i++)); do
        stand --comm-hex "6e3${i:0:1}3${i:1:1}" --anon $(((3000 - 40 * i) * $2))
      done
    } >"$1.pids"
    echo ready >"$1.ready"
    exec sleep 100000' box "$box" $((page_kb / 4)) 3>&- &
  echo $! >"$box.pid"
  retry 600 test -s "$box.ready"
  # The last process has its name and sleeps.
  retry 100 grep -q ' sleep$' "$boxed/pids"
}

stop_box() {
  [[ -s $box.pid ]] || return 0
  # All processes of the namespace end with it.
  kill -KILL "$(<"$box.pid")" 2>/dev/null || true
  retry 300 gone "$(<"$box.pid")"
  umount -l "$box" 2>/dev/null || true
  rm -f "$box".*
}

# in_box COMMAND...: with the box's files as /proc/tamalloc, and everything else
# unchanged. So agents run with the configuration that people use.
in_box() {
  # shellcheck disable=SC2016  # expanded in there
  unshare --mount bash -c 'mount --bind "$1" /proc/tamalloc && shift && exec "$@"' \
    box "$boxed" "$@"
}

setup_file() {
  start_box
}

teardown_file() {
  stop_box
}

teardown() {
  stop_agents
}

# start_agent NAME COMMAND...: in the background, its output in a file. stop_agents
# stops it.
start_agent() {
  local name=$1
  shift
  "$@" >"$BATS_TEST_TMPDIR/$name.log" 2>&1 </dev/null 3>&- &
  agents+=($!)
}
agents=()

stop_agents() {
  local pid
  for pid in "${agents[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${agents[@]}"; do
    retry 300 gone "$pid"
  done
  agents=()
}

# get URL FILE: of a server on this machine.
get() {
  busybox wget -q -O "$2" "http://127.0.0.1:$1"
}

# expected_metrics [pids]: the expected output of the exporter for the box, computed
# independently: "METRIC{LABELS} VALUE", labels in alphabetical order, sorted. The
# labels for the names of start_box are written by hand.
expected_metrics() {
  # shellcheck disable=SC2016  # awk's
  gawk -v pids="${1:-}" -v boot="$(awk '$1 == "btime" { print $2 }' /proc/stat)" '
    BEGIN {
      text["tmux:\\040server"] = "tmux: server"
      text["q\"o\\134e"] = "q\\\"o\\\\134e"
      text["\\303\\244\\342\\202\\254\\012\\033\\303"] = "\303\244\342\202\254\\\\012\\\\033\\\\303"
      text["\\000"] = "\\\\000"
    }
    function show(metric, labels, value) {
      printf "%s%s %.17g\n", metric, labels == "" ? "" : "{" labels "}", value
    }
    FILENAME ~ /summary$/ {
      if ($1 == "Processes:") show("tamalloc_processes", "", $2)
      else if ($1 == "AddressSpaces:") show("tamalloc_address_spaces", "", $2)
      else if ($1 == "CommittedPct:") show("tamalloc_committed_ratio", "", sprintf("%.4f", $2 / 100))
      else {
        name = substr($1, 6, length($1) - 6)
        gsub(/[A-Z]/, "_&", name)
        show("tamalloc" tolower(name) "_bytes", "", $2 * 1024)
      }
      next
    }
    FNR == 1 { for (i = 1; i <= NF; i++) { col[i] = $i; at[$i] = i } next }
    {
      name = $NF in text ? text[$NF] : $NF
      add("name", "name=\"" name "\"")
      # All of the box are of one user and in the control group of the machine.
      add("user", "uid=\"" $2 "\",user=\"root\"")
      if ("CGROUP" in at) add("cgroup", "cgroup=\"/\"")
      for (i = 1; i < NF; i++) {
        if (col[i] ~ /_KB$/) {
          if (pids) show("tamalloc_process_" size(col[i]) "_bytes", who($1, $2), $i * 1024)
        } else if (pids && col[i] == "COMMITTED_PCT") {
          show("tamalloc_process_committed_ratio", who($1, $2), sprintf("%.4f", $i / 100))
        } else if (pids && col[i] ~ /^OOM_/) {
          show("tamalloc_process_" tolower(col[i]), who($1, $2), $i)
        } else if (pids && col[i] == "STARTTIME") {
          show("tamalloc_process_start_time_seconds", who($1, $2), sprintf("%.2f", boot + $i / 100))
        }
      }
    }
    function who(pid, uid) { return "name=\"" name "\",pid=\"" pid "\",uid=\"" uid "\"" }
    function size(column) {
      return column == "PGTABLES_KB" ? "page_tables" : tolower(substr(column, 1, length(column) - 3))
    }
    # A row to the sums of what has these labels.
    function add(what, labels,    i) {
      n[what][labels]++
      for (i = 1; i < NF; i++) if (col[i] ~ /_KB$/) kb[what][labels][size(col[i])] += $i
      if ($(at["OOM_SCORE"]) > max[what][labels] + 0) max[what][labels] = $(at["OOM_SCORE"])
    }
    # The 20 that committed most, and the others as one. No two have committed the same.
    function show_all(what,    order, labels, to, rank, key, count, sum, oom) {
      show("tamalloc_" what "s", "", length(n[what]))
      for (labels in n[what]) order[labels] = kb[what][labels]["committed"]
      PROCINFO["sorted_in"] = "@val_num_desc"
      for (labels in order) {
        to = ++rank <= 20 ? labels : "name=\"(all other names)\""
        count[to] += n[what][labels]
        for (key in kb[what][labels]) sum[to][key] += kb[what][labels][key]
        if (max[what][labels] > oom[to] + 0) oom[to] = max[what][labels]
      }
      for (to in count) {
        show("tamalloc_" what "_processes", to, count[to])
        show("tamalloc_" what "_oom_score_max", to, oom[to] + 0)
        for (key in sum[to]) show("tamalloc_" what "_" key "_bytes", to, sum[to][key] * 1024)
      }
    }
    END { for (what in n) show_all(what) }
    ' "$boxed/summary" "$boxed/pids" | LC_ALL=C sort
  local name
  {
    echo "tamalloc_calls_total $(<"$counters/calls")"
    echo "tamalloc_call_failures_total $(<"$counters/failures")"
    echo "tamalloc_call_reserved_bytes_total $(<"$counters/reserved_bytes")"
    echo "tamalloc_abi_version $(<"$counters/abi_version")"
    echo "tamalloc_build_info{version=\"$(tamalloc-textfile --version | awk '{ print $NF }')\"} 1"
  } | awk '{ printf "%s %.17g\n", $1, $2 }'
}

# metrics_of FILE: the metrics of tamalloc, in the form of expected_metrics.
metrics_of() {
  grep '^tamalloc_' "$1" | grep -v '^tamalloc_textfile_' |
    gawk '{ value = $NF; sub(/ [^ ]*$/, ""); printf "%s %.17g\n", $0, value }' | LC_ALL=C sort
}

# assert_metrics EXPECTED ACTUAL: shows the lines that differ.
assert_metrics() {
  local found
  assert_le 200 "$(wc -l <"$1")" "hundreds of series are expected"
  found=$(diff <(LC_ALL=C sort "$1") "$2") || fail "series (< expected, > actual):" "$(head -n 20 <<<"$found")"
}
