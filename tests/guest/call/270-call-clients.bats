# The client programs of tamalloc: their output parses and is correct.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

cgroup=/sys/fs/cgroup/proof

setup() {
  huge_pages never
}

teardown() {
  restore_huge_pages
  swapoff /dev/vda 2>/dev/null || true
  [[ ! -d $cgroup ]] || retry 50 rmdir $cgroup
  [[ -z ${holder:-} ]] || kill -KILL "$holder" 2>/dev/null || true
}

status_kb() {
  awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"
}

@test "tamtouch: a step of writing commits its share, in kB and in faults" {
  local step requested touched committed size rss anon faults base_size n=0 pages=$((8192 / page_kb))
  run -0 tamtouch -s 4 -p 50 64
  assert_eq "STEP REQUESTED_KB TOUCHED_KB COMMITTED_KB VMSIZE_KB VMRSS_KB RSSANON_KB MINFLT" \
    "$(xargs <<<"${lines[0]}")" "header"
  while read -r step requested touched committed size rss anon faults; do
    ((n > 0)) || base_size=$size
    assert_eq "$n 65536 $((n * 8192)) $base_size" "$step $requested $touched $size" "step $n"
    assert_between $((n * 8192)) "$committed" $((n * 8192 + 4 * page_kb)) "COMMITTED_KB in step $n"
    assert_between $((n * pages)) "$faults" $((n * pages + 4)) "MINFLT in step $n"
    assert_le "$anon" "$rss" "RSSANON_KB, not above VMRSS_KB"
    n=$((n + 1))
  done < <(tail -n +2 <<<"$output")
  assert_eq 5 "$n" "rows"
}

# bats test_tags=x86
@test "tamtouch: filled ahead, it commits at most a block more, for fewer faults" {
  local step touched committed faults n=0
  [[ -e $counters/ahead_kb ]] || skip "this kernel cannot fill ahead"
  huge_pages always
  run -0 tamtouch -s 3 -p 50 64
  while read -r step _ touched committed _ _ _ faults; do
    assert_between "$touched" "$committed" $((touched + $(<$counters/ahead_kb) + 16)) "COMMITTED_KB in step $step"
    # 37 faults for 2 MiB, where a page table's start is the memory's
    assert_le "$faults" $((touched / 40)) "MINFLT in step $step"
    n=$((n + 1))
  done < <(tail -n +2 <<<"$output")
  assert_eq 4 "$n" "rows"
}

@test "tamtouch: a step of reading faults and commits nothing" {
  local n=0 committed faults pages=$((8192 / page_kb))
  run -0 tamtouch -r -s 2 16
  while read -r _ _ _ committed _ _ _ faults; do
    assert_between 0 "$committed" $((4 * page_kb)) "COMMITTED_KB in step $n"
    assert_between $((n * pages)) "$faults" $((n * pages + 4)) "MINFLT in step $n"
    n=$((n + 1))
  done < <(tail -n +2 <<<"$output")
  assert_eq 3 "$n" "rows"
}

@test "tamcompare: reservations, faults and commits, side by side" {
  local name ns call_faults call_rss read_faults read_rss write_faults write_rss fill sparse names=
  local pages=$((16384 / page_kb)) per_mib=$((1024 / page_kb))
  run -0 tamcompare 16
  assert_eq "ALLOCATOR CALL_NS CALL_FAULTS CALL_RSS_KB READ_FAULTS READ_RSS_KB WRITE_FAULTS WRITE_RSS_KB FILL_FAULTS/MIB SPARSE_RSS_KB" \
    "$(xargs <<<"${lines[0]}")" "header"
  while read -r name ns call_faults call_rss read_faults read_rss write_faults write_rss fill sparse; do
    names+="$name "
    # 0 is possible: the clock of a guest may tick only 250 times a second.
    assert_le 0 "$ns" "$name: CALL_NS"
    assert_between 0 "$call_rss" $((4 * page_kb)) "$name: CALL_RSS_KB"
    assert_between $((pages - 1)) "$read_faults" $((pages + 4)) "$name: READ_FAULTS"
    assert_between 0 "$read_rss" $((8 * page_kb)) "$name: READ_RSS_KB"
    assert_between $((pages - 1)) "$write_faults" $((pages + 4)) "$name: WRITE_FAULTS"
    assert_between $((16384 - page_kb)) "$write_rss" $((16384 + 9 * page_kb)) "$name: WRITE_RSS_KB"
    # malloc has touched its first page at the call.
    assert_between $((per_mib - 1)) "${fill%.*}" $((per_mib + 1)) "$name: FILL_FAULTS/MIB"
    # One page in each 2 MiB
    assert_between $((7 * page_kb)) "$sparse" $((12 * page_kb)) "$name: SPARSE_RSS_KB"
    [[ $name != tamalloc ]] || assert_eq "0 0" "$call_faults $call_rss" "tamalloc: faults and kB of the call"
  done < <(tail -n +2 <<<"$output")
  assert_eq "malloc calloc mmap tamalloc " "$names" "rows"
}

@test "tamhold: holds the memory while the command runs, and returns its status" {
  # shellcheck disable=SC2016  # for the inner shell
  run -7 tamhold -z -t 16 64 bash -c '
    awk "/^VmSize|^RssAnon/ { print \$2 }" /proc/$PPID/status; echo $PPID; exit 7'
  local pid reserved touched
  read -r pid reserved touched <<<"${lines[0]}"
  assert_eq "65536 16384" "$reserved $touched" "the line"
  assert_eq "$pid" "${lines[3]}" "PID in the line, and PPID of the command"
  assert_between 65536 "${lines[1]}" 69632 "VmSize in kB"
  assert_between 16384 "${lines[2]}" $((16384 + 64 * page_kb)) "RssAnon in kB"
}

@test "tamhold: holds until the end of its input, or SIGTERM" {
  local line
  mkfifo "$BATS_TEST_TMPDIR/in"
  for end in input SIGTERM; do
    tamhold 8 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
    holder=$!
    exec 9>"$BATS_TEST_TMPDIR/in"
    retry 100 test -s "$BATS_TEST_TMPDIR/out"
    assert_eq "$holder 8192 0" "$(<"$BATS_TEST_TMPDIR/out")" "the line"
    assert_between 8192 "$(status_kb "$holder" VmSize)" 12288 "VmSize in kB"
    if [[ $end == SIGTERM ]]; then
      kill -TERM "$holder"
    else
      exec 9>&-
    fi
    wait "$holder"
    exec 9>&-
    : >"$BATS_TEST_TMPDIR/out"
  done
}

@test "tamhold: a command that cannot be run, is not found, or is killed" {
  run -127 tamhold 1 /nonexistent
  run -126 tamhold 1 /etc/passwd
  # shellcheck disable=SC2016  # for the inner shell
  run -143 tamhold 1 bash -c 'kill -TERM $$'
}

# With huge pages always, the others commit all of it for one page in 2 MiB.
@test "tamcompare: where huge pages are always used, only tamalloc commits what is touched" {
  local name fill sparse n=0 least=18 most=24
  huge_pages always
  need_huge_pages 8
  # A kernel that cannot fill ahead takes a fault for each page.
  [[ -e $counters/ahead_kb ]] || least=$((1024 / page_kb - 1)) most=$((1024 / page_kb + 1))
  run -0 tamcompare 16
  while read -r name _ _ _ _ _ _ _ fill sparse; do
    n=$((n + 1))
    if [[ $name == tamalloc ]]; then
      assert_between "$least" "${fill%.*}" "$most" "$name: FILL_FAULTS/MIB"
      assert_between $((7 * page_kb)) "$sparse" $((12 * page_kb)) "$name: SPARSE_RSS_KB"
    else
      # All but what does not fill an aligned huge page
      assert_between $((16384 - huge_kb)) "$sparse" $((16384 + 9 * page_kb)) "$name: SPARSE_RSS_KB"
    fi
  done < <(tail -n +2 <<<"$output")
  assert_eq 4 "$n" "rows"
}

@test "tamprove: proves it at any setting of huge pages, and its checks can fail [control]" {
  local mode
  for mode in never madvise always; do
    [[ -d $thp || $mode == never ]] || continue
    huge_pages $mode
    run -0 tamprove 32
    assert_eq 8 "$(grep -c '^ok: ' <<<"$output")" "checks that held, $mode"
  done
  # What is written goes to swap.
  mkswap /dev/vda >/dev/null
  swapon /dev/vda
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir $cgroup
  echo 16M >$cgroup/memory.max
  run -1 bash -c "echo \$\$ >$cgroup/cgroup.procs && exec tamprove 128"
  [[ $output == *"FAILED: after writing 1/4, expected growth of ANON_KB"* ]] || fail "$output"
}

@test "clients: wrong usage is status 2 and one line, failure status 1 and why" {
  local use
  for use in "tamtouch" "tamtouch x" "tamtouch -p 101 1" "tamtouch -s 0 1" "tamtouch -1" \
    "tamcompare 0" "tamcompare 1 2" "tamhold" "tamhold 1x" "tamhold -t 2 1" "tamprove 0"; do
    # shellcheck disable=SC2086  # words
    run -2 $use
    assert_eq 1 "${#lines[@]}" "lines of '$use'"
  done
  for use in "tamtouch 1048576" "tamhold 1048576 true"; do
    # shellcheck disable=SC2086  # words
    run -1 $use
    [[ $output == *"cannot reserve 1073741824 kB: Cannot allocate memory"* ]] ||
      fail "$use: $output"
  done
}

@test "clients: --help goes to standard output and is status 0" {
  local program
  for program in tamtouch tamcompare tamhold tamprove; do
    run -0 "$program" --help
    assert_eq "Usage: $program" "${lines[0]:0:$((7 + ${#program}))}"
  done
}
