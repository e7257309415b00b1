# tamalloc: every way into the kernel, each beside mmap by the same way.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# The results of some sizes
sizes=(0 1 $((page + 1)) 2147483648)
low="0 EINVAL 0 0 0 0
1 ok $page_kb 1 $page_kb 0 0 0 low
$((page + 1)) ok $((2 * page_kb)) 1 $((2 * page_kb)) 0 0 0 low
2147483648 ok 2097152 1 2097152 0 0 0 low"

# The TASK_SIZE of a 32-bit program
task32=0xffffe000
[[ $(uname -m) != aarch64 ]] || printf -v task32 '0x%x' $(((1 << 32) - page))

# around SIZE: the sizes one byte below it, it, and one byte above it
around() {
  printf '0x%x\n' $(($1 - 1)) $(($1)) $(($1 + 1))
}

setup() {
  overcommit=$(</proc/sys/vm/overcommit_memory)
  # Only the address space shall be short here.
  echo 1 >/proc/sys/vm/overcommit_memory
}

teardown() {
  echo "$overcommit" >/proc/sys/vm/overcommit_memory
}

@test "abi: a 32-bit program gets memory below 4 GiB, up to its own TASK_SIZE" {
  local edge
  mapfile -t edge < <(around $task32)
  run -0 callcase32 --way tamalloc "${sizes[@]}" "${edge[@]}" 0xffffffff
  assert_eq "$low
${edge[0]} ENOMEM 0 0 0 0
$task32 ENOMEM 0 0 0 0
${edge[2]} EINVAL 0 0 0 0
0xffffffff EINVAL 0 0 0 0" "$output"
}

@test "abi: a 32-bit program gets the same from mmap, except EINVAL" {
  local edge mmap
  mapfile -t edge < <(around $task32)
  run -0 callcase32 --way mmap "${sizes[@]}" "${edge[@]:0:2}"
  mmap=$output
  run -0 callcase32 --way tamalloc "${sizes[@]}" "${edge[@]:0:2}"
  assert_eq "$mmap" "$output"
  run -0 callcase32 --way mmap "${edge[2]}"
  assert_eq "${edge[2]} ENOMEM 0 0 0 0" "$output" "mmap beyond TASK_SIZE"
}

# bats test_tags=x86
@test "abi: the personality ADDR_LIMIT_3GB lowers the TASK_SIZE of an i386 program" {
  run -0 callcase32 --3gb --way tamalloc 0xc0000000 0xc0000001 0xffffe000
  assert_eq "0xc0000000 ENOMEM 0 0 0 0
0xc0000001 EINVAL 0 0 0 0
0xffffe000 EINVAL 0 0 0 0" "$output"
}

@test "abi: a 32-bit program meets the same limits" {
  local way
  for way in mmap tamalloc; do
    run -0 callcase32 --way "$way" --as 1024 1048576 1048577
    assert_eq "1048576 ok 1024 1 1024 0 0 0 low
1048577 ENOMEM 0 0 0 0" "$output" "$way under RLIMIT_AS"
    run -0 callcase32 --way "$way" --unprivileged --memlock 1024 --lock-future 1048577
    assert_eq "1048577 EAGAIN 0 0 0 0" "$output" "$way under RLIMIT_MEMLOCK"
  done
}

# bats test_tags=x86
@test "abi: a 64-bit program gets memory below 4 GiB by int 0x80" {
  run -0 callcase --way int80 0 1 4097 2147483648
  assert_eq "$low" "$output"
  run -0 callcase --way int80-mmap 0 1 4097 2147483648
  assert_eq "$low" "$output" "mmap by int 0x80"
}

# bats test_tags=x86
@test "abi: int 0x80 takes the lower half of the size, and a size beyond it is ENOMEM" {
  # The address space of the program itself is larger than 32 bits can express.
  run -0 callcase --way int80 0x100001000 0xffffffffffffffff
  assert_eq "0x100001000 ok 4 1 4 0 0 0 low
0xffffffffffffffff ENOMEM 0 0 0 0" "$output"
}

@test "abi: the same program gets memory above 4 GiB by its own call [control]" {
  run -0 callcase --way tamalloc "$page"
  assert_eq "$page ok $page_kb 1 $page_kb 0 0 0 high" "$output"
}

# bats test_tags=x86
@test "abi: the kernel serves x32 numbers as it does for mmap" {
  local mmap
  run -0 callcase --way x32-mmap 0 1 4097 2147483648
  mmap=$output
  run -0 callcase --way x32 0 1 4097 2147483648
  assert_eq "$mmap" "$output"
  # This kernel has CONFIG_X86_X32_ABI; without it both are ENOSYS.
  assert_eq "0 EINVAL 0 0 0 0" "${lines[0]}"
  assert_eq "4097 ok 8 1 8 0 0 0 low" "${lines[2]}"
}

# bats test_tags=x86
@test "abi: an x32 program gets memory below 4 GiB, up to its own TASK_SIZE" {
  run -0 callcasex32 --way tamalloc 0 1 4097 2147483648 0xffffe000 0xffffe001 0xffffffff
  assert_eq "$low
0xffffe000 ENOMEM 0 0 0 0
0xffffe001 EINVAL 0 0 0 0
0xffffffff EINVAL 0 0 0 0" "$output"
}

@test "abi: a program that knows only the number 554 gets the same" {
  local program header
  for program in callcase callcase32; do
    run -0 "$program" --way tamalloc "${sizes[@]}" 0xffffffff
    header=$output
    run -0 "$program" --way bare "${sizes[@]}" 0xffffffff
    assert_eq "$header" "$output" "$program"
  done
}

@test "abi: the numbers beside 554 are no calls [control]" {
  local number
  for number in 553 555; do
    run -0 callnumber "$number"
    assert_eq ENOSYS "$output" "call $number of no size"
  done
  run -0 callnumber 554
  assert_eq EINVAL "$output" "call 554 of no size"
}
