# tamalloc: memory that was filled ahead is large folios. Whatever is done to it, a
# program sees what it sees of base pages, and all of it goes back.
# SPDX-License-Identifier: GPL-2.0-only

# No other architecture fills ahead.
# bats file_tags=x86
load ../helpers

cgroup=/sys/fs/cgroup/folios

setup() {
  [[ -e $counters/ahead_kb ]] || skip "this kernel cannot fill ahead"
  ahead_kb=$(<$counters/ahead_kb)
  huge_pages always
}

teardown() {
  restore_huge_pages
  [[ -n ${ahead_kb:-} ]] || return 0
  echo "$ahead_kb" >$counters/ahead_kb
  swapoff /dev/vda 2>/dev/null || true
  [[ ! -d $cgroup ]] || retry 50 rmdir $cgroup
  [[ ! -w /sys/kernel/mm/ksm/run ]] || echo 2 >/sys/kernel/mm/ksm/run
  [[ ! -w /proc/sys/kernel/numa_balancing ]] || echo 0 >/proc/sys/kernel/numa_balancing
}

# Large anonymous folios that there are
large_folios() {
  cat $thp/hugepages-*/stats/nr_anon | awk '{ n += $1 } END { print n }'
}

no_more_folios_than() {
  (($(large_folios) <= $1))
}

# What runs callfolio: nothing, or a command that ends with exec "$@"
via=()
# The mode of huge pages for mmap(); for tamalloc() it is always "always".
mmap_mode=always

# as_mmap WHAT: callfolio says of tamalloc what it says of mmap, that is, all is well;
# folios came along; and no folio is left.
as_mmap() {
  local what=$1 kb expected faults folios
  folios=$(large_folios)
  huge_pages $mmap_mode
  run "${via[@]}" callfolio "$what" mmap
  huge_pages always
  ((status != 77)) || skip "${lines[-1]}"
  assert_eq 0 "$status" "status of mmap; $output"
  [[ $output != *expected\ stamp* && $output != *"not back"* ]] || fail "mmap: $output"
  expected=$output
  for kb in 64 1024; do
    echo $kb >$counters/ahead_kb
    faults=$(<$counters/ahead_faults)
    run -0 "${via[@]}" callfolio "$what" tamalloc
    assert_eq "$expected" "$output" "$what, ahead_kb $kb"
    assert_le $((faults + 1)) "$(<$counters/ahead_faults)" "ahead_faults, else nothing is shown"
    retry 50 no_more_folios_than "$folios" || fail "large folios: $(large_folios), before: $folios"
  done
}

@test "folios: madvise: DONTNEED, FREE, COLD, POPULATE_READ and WRITE, RANDOM, NORMAL" {
  as_mmap advice
}

@test "folios: mprotect of parts" {
  as_mmap mprotect
}

@test "folios: mremap: moved off their alignment, a part moved away, smaller, larger" {
  as_mmap mremap
}

@test "folios: munmap of parts" {
  as_mmap munmap
}

@test "folios: fork, and copies of parts in child and parent" {
  as_mmap fork
}

@test "folios: swapped out and in, as a whole and in part" {
  mkswap /dev/vda >/dev/null
  swapon /dev/vda
  as_mmap swap
}

# stat_of NAME: that counter of large folios, over all sizes
stat_of() {
  cat $thp/hugepages-*/stats/"$1" | awk '{ n += $1 } END { print n }'
}

# All from one file, because pages move between the zones and the processors' own lists. A
# slab counts as free: blocks are none, but KASAN keeps freed objects for a while.
free_kb() {
  echo 3 >/proc/sys/vm/drop_caches
  awk '$1 ~ /^(nr_free_pages|count:|nr_slab_(un)?reclaimable)$/ { n += $2 } END { print 4 * n }' /proc/zoneinfo
}

@test "folios: a memory cgroup refuses blocks: one page each, none lost, none leaked" {
  local refused free
  mkswap /dev/vda >/dev/null
  swapon /dev/vda
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir $cgroup
  echo 3M >$cgroup/memory.max
  # shellcheck disable=SC2016  # for the inner shell
  via=(bash -c 'echo $$ >/sys/fs/cgroup/folios/cgroup.procs; exec "$@"' -)
  free=$(free_kb)
  refused=$(stat_of anon_fault_fallback_charge)
  as_mmap limit
  refused=$(($(stat_of anon_fault_fallback_charge) - refused))
  assert_le 64 "$refused" "blocks refused"
  assert_eq "oom_kill 0" "$(grep '^oom_kill ' $cgroup/memory.events)" "processes killed"
  retry 50 rmdir $cgroup
  # Had they leaked, each would be 16 kB or more, for good.
  is_free() { (($(free_kb) >= free - 12 * refused)); }
  retry 50 is_free || fail "after $refused blocks were refused, of $free kB are free: $(free_kb)"
}

@test "folios: mlock, munlock of a part, MLOCK_ONFAULT" {
  as_mmap mlock
}

@test "folios: two calls that merge are filled across their seam" {
  as_mmap merge
}

# bats test_tags=smp, kcsan
@test "folios: two threads fill one mapping in turns" {
  local faults
  run -0 callfolio turns mmap
  faults=$output
  run -0 callfolio turns tamalloc
  assert_eq "$faults" "$output" "what mmap says, and tamalloc"
}

@test "folios: process_vm_writev into memory that is not there yet" {
  as_mmap writev
}

@test "folios: O_DIRECT into memory that is not there yet" {
  as_mmap direct
}

@test "folios: userfaultfd registered later gets each page by itself" {
  as_mmap uffd
}

@test "folios: compaction" {
  as_mmap compact
}

@test "folios: migrated to another NUMA node, as a whole and in part" {
  as_mmap numa
}

@test "folios: hints of NUMA balancing" {
  [[ -e /proc/sys/kernel/numa_balancing ]] || skip "this kernel has no NUMA balancing"
  local debug=/sys/kernel/debug/sched/numa_balancing
  echo 1 >/proc/sys/kernel/numa_balancing
  [[ ! -d $debug ]] || echo 10 | tee $debug/scan_{delay,period_min}_ms >/dev/null
  as_mmap numahint
}

@test "folios: KSM merges and unmerges" {
  as_mmap ksm
}

@test "folios: memory failure: a page is taken out, the others stay" {
  as_mmap poison
}

@test "folios: soft-dirty: only what is written after it was cleared" {
  # A huge page is soft-dirty as a whole.
  mmap_mode=never
  as_mmap softdirty
}

@test "folios: MADV_COLLAPSE is refused until MADV_HUGEPAGE, and khugepaged stays away" {
  local expected
  run -0 callfolio huge tamalloc
  expected=$output
  # NOHUGEPAGE is the first thing that it says, so mmap is told the same.
  run -0 callfolio huge mmap
  assert_eq "$output" "$expected" "what mmap says, and tamalloc"
  [[ $expected == *"COLLAPSE: EINVAL, content as expected"*"COLLAPSE: 0, content as expected"* ]] ||
    fail "$expected"
}
