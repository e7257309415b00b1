# tamalloc together with other calls. Each finding is the same with mmap.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  core_pattern=$(</proc/sys/kernel/core_pattern)
}

teardown() {
  echo "$core_pattern" >/proc/sys/kernel/core_pattern
}

# found WHAT EXPECTED: callwith prints EXPECTED with memory of tamalloc and of mmap.
found() {
  local way
  for way in mmap tamalloc; do
    run -0 callwith "$1" "$way"
    assert_eq "$2" "$output" "$1 with $way"
  done
}

@test "others: fork gives both a copy, and neither sees what the other writes" {
  found fork "child reads: A A 0
parent reads after the child wrote: A A 0
child reads after the parent wrote: B A B 0
child: exit 0
parent reads at last: A C 0 C"
}

@test "others: with shared memory both would see it [control]" {
  run -0 callwith fork shared
  assert_eq "child reads: A A 0
parent reads after the child wrote: B A 66
child reads after the parent wrote: B C B 67
child: exit 0
parent reads at last: B C 66 C" "$output"
}

@test "others: memory that a vfork child reserves belongs to the parent" {
  found vfork "child: exit 0
parent reads: V 0
parent wrote: P"
}

# bats test_tags=smp
@test "others: a thousand threads call at once, and each gets memory of its own" {
  local many
  many=$(load_of 1000 200)
  run -0 callmany storm "$many"
  assert_eq "failed 0 overlapping 0 unmarked 0 VmSize +$((many * 1024)) kB" "$output"
}

@test "others: munmap of a part frees this part alone" {
  found part "VmSize: +$((5 * page_kb)) kB
wrong bytes before: 0
wrong bytes behind: 0
last page before: exit 0
first page freed: killed by SIGSEGV
last page freed: killed by SIGSEGV
first page behind: exit 0
VmSize at last: +0 kB"
}

@test "others: mremap makes it larger, with zeroes, and smaller" {
  found mremap "larger: +$((16 * page_kb)) kB, wrong bytes 0
new bytes that are not 0: 0
smaller: +$((2 * page_kb)) kB, wrong bytes 0, in place
behind the end: killed by SIGSEGV"
}

@test "others: mprotect makes a part read-only, inaccessible and writable again" {
  found mprotect "write: exit 0
read-only: read: exit 0
read-only: write: killed by SIGSEGV
read-only: write to an untouched page: killed by SIGSEGV
the rest: write: exit 0
none: read: killed by SIGSEGV
again: write: exit 0
content: x"
}

@test "others: madvise(MADV_DONTNEED) frees the pages, and they read zero again" {
  found dontneed "written: +$((256 * page_kb)) kB
not needed: +0 kB
bytes that are not 0: 0
read: +0 kB"
}

@test "others: MADV_DONTNEED on shared memory loses nothing [control]" {
  run -0 callwith dontneed shared
  assert_eq "bytes that are not 0: $((256 * page))" "${lines[2]}"
}

@test "others: userfaultfd sees the first touch of a page and can fill it" {
  found uffd "not registered: 0
event 0x12 for page 1
read: 0x77
event 0x12 for page 3
read: 0"
}

@test "others: seccomp's strict mode kills the caller" {
  found seccomp-strict "strict: killed by SIGKILL"
}

@test "others: a seccomp filter's errno comes back, and nothing is counted" {
  local calls
  calls=$(<$counters/calls)
  run -0 callwith seccomp-filter tamalloc
  assert_eq "filter: E2BIG" "$output"
  assert_eq "$calls" "$(<$counters/calls)" calls
}

@test "others: the filter for call 554 does not bind mmap [control]" {
  run -0 callwith seccomp-filter mmap
  assert_eq "filter: ok" "$output"
}

# bats test_tags=smp
@test "others: a task that is killed while it waits for the address-space lock leaves at once" {
  local failures
  failures=$(<$counters/failures)
  found killed "waits in the call: yes
waiter: killed by SIGKILL
lock still held: yes
reader: exit 0"
  # No program sees the EINTR of the call, but the counter does.
  assert_eq $((failures + 1)) "$(<$counters/failures)" failures
}

@test "others: a core dump holds the memory, zeroes included" {
  echo /tmp/core.%p >/proc/sys/kernel/core_pattern
  found core "core dumped: yes
bytes written that differ: 0
other bytes that are not 0: 0"
}

@test "others: /proc/PID/maps and smaps show it like any mapping, with nh and ta" {
  local mmap
  run -0 callwith maps mmap
  mmap=$output
  run -0 callwith maps tamalloc
  assert_eq "$(sed '/^VmFlags:/s/$/nh ta /' <<<"$mmap")" "$output" "maps and smaps, with its two flags"
  assert_eq "maps: rw-p 00000000 00:00 0 " "${lines[0]}"
  run -0 callwith maps shared
  [[ $output != "$mmap" ]] || fail "shared memory looks the same: $output"
}

@test "others: under READ_IMPLIES_EXEC it is executable, like any mapping" {
  local mmap
  run -0 callwith readexec mmap
  mmap=$output
  run -0 callwith readexec tamalloc
  assert_eq "$(sed '/^VmFlags:/s/$/nh ta /' <<<"$mmap")" "$output" "maps and smaps, with its two flags"
  assert_eq "maps: rwxp 00000000 00:00 0 " "${lines[0]}"
}
