# Only the kernel's own trace can show which task tears down an address space, and the
# allocations of a read. For the kernel build/bzImage-debug.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=smp
load ../helpers

tracing=/sys/kernel/tracing
huge_pages=/sys/kernel/mm/transparent_hugepage/enabled

setup() {
  mountpoint -q $tracing || mount -t tracefs tracefs $tracing
  echo 0 >$tracing/events/enable
  echo 16384 >$tracing/buffer_size_kb
  echo >$tracing/trace
  spinning=()
}

teardown() {
  local pid
  for pid in "${spinning[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  kill_standing
  echo madvise >$huge_pages
  echo 0 >$tracing/events/enable
}

# spinners: two processes that read both files without end. The trace begins after
# they have executed their program, which tears down an address space.
spinners() {
  local i
  for i in 1 2; do
    spin $pids $summary 3>&- &
    disown "$!"
    spinning+=("$!")
    retry 100 is_spinning "$!"
  done
  echo >$tracing/trace
}

is_spinning() {
  [[ $(<"/proc/$1/comm") == spin ]]
}

# torn_down_by PID: the number of address spaces that it has torn down.
torn_down_by() {
  grep -cE -- "-$1 +\[.* exit_mmap: " $tracing/trace || true
}

assert_all_traced() {
  assert_eq "" "$(grep -h '^\(overrun\|dropped events\): [^0]' $tracing/per_cpu/*/stats || true)" \
    "events lost"
}

@test "trace: a reader never tears down a process of several GiB" {
  local pid
  echo 1 >$tracing/events/mmap/exit_mmap/enable
  # Page by page, such a kernel would take minutes to populate it.
  echo always >$huge_pages
  stand --anon 3145728
  assert_le 3145728 "$(field "$stood" RSS_KB)" "RSS_KB, 3145728 or more"
  spinners
  kill -KILL "$stood"
  retry 600 gone "$stood"
  assert_eq 1 "$(torn_down_by "$stood")" "address spaces torn down by the process itself"
  for pid in "${spinning[@]}"; do
    assert_eq 0 "$(torn_down_by "$pid")" "address spaces torn down by a reader"
  done
}

@test "trace: a reader never tears down one of a thousand that exit while it reads" {
  local pid
  echo 1 >$tracing/events/mmap/exit_mmap/enable
  spinners
  # With readers on both processors, each takes such a kernel a tenth of a second or more.
  nice -n -10 spin --mortal 1000
  assert_all_traced
  assert_le 1000 "$(grep -c ' exit_mmap: ' $tracing/trace)" "address spaces torn down, 1000 or more"
  for pid in "${spinning[@]}"; do
    kill -0 "$pid" || fail "reader $pid is gone"
    assert_eq 0 "$(torn_down_by "$pid")" "address spaces torn down by a reader"
  done
}

@test "trace: a process that holds an address space is seen to tear it down [control]" {
  local holder
  echo 1 >$tracing/events/mmap/exit_mmap/enable
  stand --anon 10000
  spin --hold "$stood" 3>&- &
  holder=$!
  wait "$holder"
  # The process's, those of the shell that became it, and the holder's own.
  assert_eq 3 "$(torn_down_by "$holder")" "address spaces torn down by the one that held it"
  assert_eq 0 "$(torn_down_by "$stood")" "address spaces torn down by the process itself"
}

# allocations: those of the patches in one read of summary. Its table is from
# kvmalloc(), like the buffer of seq_file, which is one page.
allocations() {
  echo >$tracing/trace
  echo 1 >$tracing/events/kmem/kmalloc/enable
  cat $summary >/dev/null
  echo 0 >$tracing/events/kmem/kmalloc/enable
  assert_all_traced
  awk '$1 ~ /^cat-/ && (/ call_site=(tamalloc|shared)_/ ||
    / call_site=__kvmalloc_node/ && !/ bytes_req=4096 /) { n++ } END { print n + 0 }' $tracing/trace
}

@test "trace: summary allocates nothing for processes that share nothing" {
  local i
  for i in 1 2 3 4 5 6 7 8; do
    stand --anon 100 --threads $((i % 3))
  done
  assert_eq 0 "$(allocations)" "allocations"
  assert_eq "$(key Processes)" "$(key AddressSpaces)" AddressSpaces
  # Expect a table, and a note for each shared address space [control].
  stand --clone-vm 3
  assert_eq 2 "$(allocations)" "allocations with one shared address space"
  stand --clone-vm 1
  assert_eq 3 "$(allocations)" "allocations with two"
}
