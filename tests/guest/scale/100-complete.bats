# Very many processes: both files are complete and correct, and no watchdog fires.
# SPDX-License-Identifier: GPL-2.0-only

load scale

setup_file() {
  start_crowd
}

teardown_file() {
  end_crowd
}

@test "scale: the kernel preempts as it was told to, and its watchdogs are on" {
  assert_eq "$mode" "$(preempts)" "mode of preemption"
  assert_eq 1 "$(</proc/sys/kernel/soft_watchdog)" soft_watchdog
  assert_le 1 "$(</proc/sys/kernel/watchdog_thresh)" "watchdog_thresh, 1 or more"
  assert_le 1 "$(</proc/sys/kernel/hung_task_timeout_secs)" "hung_task_timeout_secs, 1 or more"
  assert_eq 0 "$(</sys/module/rcupdate/parameters/rcu_cpu_stall_suppress)" rcu_cpu_stall_suppress
}

@test "scale: CGROUP is 0 in a kernel without cgroups" {
  run ! test -e /proc/self/cgroup
  assert_eq 0 "$(column CGROUP | sort -u | paste -sd' ')" "values of CGROUP"
}

# look tests for each id whether it has a status file and an address space. It does
# not depend on how /proc/tamalloc finds processes.
@test "scale: pids has a row for each process there is, in order; summary counts them" {
  local at=$BATS_TEST_TMPDIR processes spaces last name
  last=$(sort -n "$crowd_pids" | tail -n 1)
  look /proc "$last" >"$at/looked"
  for name in rows open; do
    sed -n "s/^$name //p" "$at/looked" | tr ' ' '\n' >"$at/$name"
  done
  assert_eq "$scale" "$(sort -u "$crowd_pids" | wc -l)" "processes in the crowd"
  sort -nu "$at/rows" | cmp - "$at/rows" || fail "PIDs are not in order, or not once"
  assert_eq "" "$(diff "$at/open" "$at/rows" | head -n 10)" "processes (<) against rows (>)"
  assert_eq "" "$(grep -vxFf "$at/rows" "$crowd_pids" | head -n 10 || true)" \
    "processes of the crowd without a row"
  processes=$(wc -l <"$at/rows")
  assert_eq "counts $processes $processes" "$(grep '^counts' "$at/looked")" "Processes and rows"

  snapshot "$at"
  processes=$(key Processes "$at/summary")
  spaces=$(((scale + share - 1) / share))
  assert_eq $((processes - scale + spaces)) "$(key AddressSpaces "$at/summary")" AddressSpaces
  echo "# $mode: $processes processes, $(key AddressSpaces "$at/summary") address spaces" >&3
}

@test "scale: the sums equal those of the rows, with a shared address space once" {
  local at=$BATS_TEST_TMPDIR each
  snapshot "$at"
  # Neighbours in the list of the crowd share an address space.
  awk -v n="$share" 'NR % n != 1 && n > 1' "$crowd_pids" >"$at/second"
  for each in RESERVED COMMITTED RSS ANON FILE SHMEM; do
    assert_eq "$(awk -v name="${each}_KB" '
        NR == FNR { skip[$1] = 1; next }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        !($(at["PID"]) in skip) { sum += $(at[name]) }
        END { printf "%d", sum }' "$at/second" "$at/pids")" \
      "$(key "Total${each:0:1}$(tr '[:upper:]' '[:lower:]' <<<"${each:1}")" "$at/summary")" "sum of $each"
  done
}

@test "scale: a thousand rows from all over equal the kernel's own files" {
  local at=$BATS_TEST_TMPDIR
  snapshot "$at"
  awk -v every=$((scale / 1000)) 'NR % every == 0' "$crowd_pids" >"$at/some"
  assert_le 1000 "$(wc -l <"$at/some")" "processes, 1000 or more"
  # shellcheck disable=SC2046  # words
  assert_rows "$at/pids" $(<"$at/some")
}

@test "scale: a reader that may see no other process sees only itself" {
  run -0 as 1000 cat "$hidden/tamalloc/summary"
  assert_eq 1 "$(awk '$1 == "Processes:" { print $2 }' <<<"$output")" Processes
  run -0 as 1000 cat "$hidden/tamalloc/pids"
  assert_eq 2 "${#lines[@]}" "lines"
  # The same mount shows everything to root [control].
  assert_le "$scale" "$(rows "$hidden/tamalloc/pids" | wc -l)" "rows for root, $scale or more"
}

@test "scale: a reader in a pid namespace of its own sees only itself" {
  run -0 unshare --mount --pid --fork --mount-proc cat $summary
  assert_eq 1 "$(awk '$1 == "Processes:" { print $2 }' <<<"$output")" Processes
}

@test "scale: a read that begins in the middle gives the same bytes" {
  local at=$BATS_TEST_TMPDIR size count
  snapshot "$at"
  # The rows around the middle are those of the crowd, which stands still.
  size=$(stat -c %s "$at/pids")
  count=$((size / 4))
  dd if="$at/pids" iflag=skip_bytes,count_bytes skip=$((size / 2)) count="$count" status=none >"$at/expected"
  dd if=$pids iflag=skip_bytes,count_bytes,fullblock skip=$((size / 2)) count="$count" bs=4096 status=none >"$at/actual"
  assert_eq "$count" "$(stat -c %s "$at/actual")" bytes
  cmp "$at/expected" "$at/actual" || fail "the bytes differ"
}

@test "scale: readers side by side, while processes start and end, find no fault" {
  local i failed=0 readers=()
  for i in 1 2; do
    soakread 3>&- >"$BATS_TEST_TMPDIR/reader.$i" 2>&1 &
    readers+=("$!")
  done
  for ((i = 0; i < 100; i++)); do
    "$BASH" -c 'command true'
  done
  kill "${readers[@]}"
  for i in "${readers[@]}"; do
    wait "$i" || failed=1
  done
  cat "$BATS_TEST_TMPDIR"/reader.*
  assert_eq 0 "$failed" "a reader found a fault"
}
