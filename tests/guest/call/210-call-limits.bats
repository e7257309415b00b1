# tamalloc: sizes and limits, each beside the same case of mmap.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  overcommit=$(</proc/sys/vm/overcommit_memory)
  max_maps=$(</proc/sys/vm/max_map_count)
}

teardown() {
  echo "$overcommit" >/proc/sys/vm/overcommit_memory
  echo "$max_maps" >/proc/sys/vm/max_map_count
  remove_cgroup
}

# The largest size that is not EINVAL: TASK_SIZE in tamalloc(2).
task_size() {
  if [[ $(uname -m) == aarch64 ]]; then
    echo $((1 << 48))
  elif grep -qw la57 /proc/cpuinfo; then
    echo $(((1 << 56) - 4096))
  else
    echo $(((1 << 47) - 4096))
  fi
}

# beside EXPECTED ARG...: callcase prints EXPECTED for mmap and for tamalloc.
beside() {
  local expected=$1 way
  shift
  for way in mmap tamalloc; do
    run -0 callcase --way "$way" "$@"
    assert_eq "$expected" "$output" "$way: size, result, growth of VmSize, mappings, Committed_AS, VmLck, left after munmap"
  done
}

sizes() {
  local task
  task=$(task_size)
  printf '%s\n' 0 1 $((page - 1)) "$page" $((page + 1)) $((2 << 20)) 2147483648 4294967295 4294967296 \
    $((task - 1)) "$task" $((task + 1)) $((1 << 47)) 0x8000000000000000 \
    0xfffffffffffff000 0xffffffffffffffff
}

# The design: the result of mmap, except EINVAL for sizes beyond TASK_SIZE.
expected_of_mmap() {
  local size rest task
  task=$(task_size)
  while read -r size rest; do
    # The hexadecimal sizes do not fit into the shell's signed numbers.
    [[ $size != 0x* ]] && ((size <= task)) || rest="EINVAL 0 0 0 0"
    echo "$size $rest"
  done
}

@test "limits: every size gets the result of mmap, except EINVAL beyond TASK_SIZE" {
  local mode list expected
  mapfile -t list < <(sizes)
  for mode in 0 1 2; do
    echo $mode >/proc/sys/vm/overcommit_memory
    run -0 callcase --way mmap "${list[@]}"
    run -0 expected_of_mmap <<<"$output"
    expected=$output
    run -0 callcase --way tamalloc "${list[@]}"
    assert_eq "$expected" "$output" "results in overcommit mode $mode"
  done
}

@test "limits: every size, word for word, if only the address space is short" {
  local task edge="ENOMEM 0 0 0 0" list
  task=$(task_size)
  ((1 << 47 <= task)) || edge="EINVAL 0 0 0 0"
  # Half of the address space fits. Above 2^47, x86-64 maps only on request.
  ((1 << 48 != task)) || edge="ok $((1 << 37)) 1 $((1 << 37)) 0 0 0 high"
  echo 1 >/proc/sys/vm/overcommit_memory
  mapfile -t list < <(sizes)
  run -0 callcase --way tamalloc "${list[@]}"
  assert_eq "0 EINVAL 0 0 0 0
1 ok $page_kb 1 $page_kb 0 0 0 high
$((page - 1)) ok $page_kb 1 $page_kb 0 0 0 high
$page ok $page_kb 1 $page_kb 0 0 0 high
$((page + 1)) ok $((2 * page_kb)) 1 $((2 * page_kb)) 0 0 0 high
2097152 ok 2048 1 2048 0 0 0 high
2147483648 ok 2097152 1 2097152 0 0 0 high
4294967295 ok 4194304 1 4194304 0 0 0 high
4294967296 ok 4194304 1 4194304 0 0 0 high
$((task - 1)) ENOMEM 0 0 0 0
$task ENOMEM 0 0 0 0
$((task + 1)) EINVAL 0 0 0 0
$((1 << 47)) $edge
0x8000000000000000 EINVAL 0 0 0 0
0xfffffffffffff000 EINVAL 0 0 0 0
0xffffffffffffffff EINVAL 0 0 0 0" "$output"
}

@test "limits: RLIMIT_AS allows what fits, and one page more is ENOMEM" {
  beside "1048576 ok 1024 1 1024 0 0 0 high
1048577 ENOMEM 0 0 0 0" --as 1024 1048576 1048577
}

@test "limits: RLIMIT_DATA allows what fits, and one page more is ENOMEM" {
  beside "1048576 ok 1024 1 1024 0 0 0 high
1048577 ENOMEM 0 0 0 0" --data 1024 1048576 1048577
}

@test "limits: overcommit mode 0 refuses sizes that can never be available" {
  local total
  total=$(awk '$1 == "MemTotal:" || $1 == "SwapTotal:" { kb += $2 } END { print kb }' /proc/meminfo)
  echo 0 >/proc/sys/vm/overcommit_memory
  beside "$((total << 10)) ok $total 1 $total 0 0 0 high
$(((total << 10) + 1)) ENOMEM 0 0 0 0" $((total << 10)) $(((total << 10) + 1))
}

@test "limits: overcommit mode 1 refuses nothing that has an address" {
  echo 1 >/proc/sys/vm/overcommit_memory
  beside "1099511627776 ok 1073741824 1 1073741824 0 0 0 high" $((1 << 40))
}

@test "limits: overcommit mode 2 counts every byte and refuses beyond CommitLimit" {
  local limit
  echo 2 >/proc/sys/vm/overcommit_memory
  limit=$(awk '$1 == "CommitLimit:" { print $2 }' /proc/meminfo)
  beside "1 ok $page_kb 1 $page_kb 0 0 0 high
104857600 ok 102400 1 102400 0 0 0 high
$((limit << 10)) ENOMEM 0 0 0 0" 1 104857600 $((limit << 10))
  # Mode 1 accepts the same size.
  echo 1 >/proc/sys/vm/overcommit_memory
  beside "$((limit << 10)) ok $limit 1 $limit 0 0 0 high" $((limit << 10))
}

@test "limits: vm.max_map_count allows the last mapping and refuses the next" {
  echo 300 >/proc/sys/vm/max_map_count
  beside "$page ok $page_kb 1 $page_kb 0 0 0 high" --maps-left 1 "$page"
  beside "$page ENOMEM 0 0 0 0" --maps-left 0 "$page"
}

@test "limits: mlockall(MCL_FUTURE) within RLIMIT_MEMLOCK locks, over it is EAGAIN" {
  beside "1048576 ok 1024 1 1024 1024 0 0 high
1048577 EAGAIN 0 0 0 0" --unprivileged --memlock 1024 --lock-future 1048576 1048577
  beside "1048576 ok 1024 1 1024 1024 0 0 high
1048577 EAGAIN 0 0 0 0" --unprivileged --memlock 1024 --lock-onfault 1048576 1048577
}

@test "limits: RLIMIT_MEMLOCK binds neither root nor a process without MCL_FUTURE [control]" {
  local kb=$((1024 + page_kb))
  beside "1048577 ok $kb 1 $kb $kb 0 0 high" --memlock 1024 --lock-future 1048577
  beside "1048577 ok $kb 1 $kb 0 0 0 high" --unprivileged --memlock 1024 1048577
}

@test "limits: mlockall(MCL_FUTURE) populates at once, MCL_ONFAULT does not" {
  local way
  for way in mmap tamalloc; do
    run -0 calllock "$way" 1024
    assert_eq "plain 0
future 1024
onfault 0" "$output" "$way: RssAnon in kB after the call"
  done
}

remove_cgroup() {
  local cgroup=/sys/fs/cgroup/limits
  [[ ! -d $cgroup ]] || rmdir $cgroup
}

# in_cgroup MAX COMMAND...: run COMMAND with so much memory, in a new cgroup.
in_cgroup() {
  local cgroup=/sys/fs/cgroup/limits
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir $cgroup
  echo "$1" >$cgroup/memory.max
  shift
  # shellcheck disable=SC2016  # for the inner shell
  run bash -c 'echo $$ >/sys/fs/cgroup/limits/cgroup.procs; exec "$@"' - "$@"
}

events() {
  awk -v key="$1" '$1 == key { print $2 }' /sys/fs/cgroup/limits/memory.events
}

@test "limits: a memory cgroup is charged at the touch, not at the call" {
  local before called touched few=$((16 * page_kb))
  in_cgroup 32M callcgroup tamalloc 256 16
  assert_eq 0 "$status" "status"
  read -r before called touched <<<"$output"
  assert_between $((before - few)) "$called" $((before + few)) "kB charged after the call of 256 MiB"
  # A processor charges 64 pages ahead.
  assert_between $((called + 16384 - 4 * few)) "$touched" $((called + 16384 + 8 * few)) "kB charged after touching 16 MiB"
  assert_eq 0 "$(events oom_kill)" "processes killed"
}

@test "limits: over the limit of a memory cgroup the OOM killer takes the toucher" {
  local way
  for way in mmap tamalloc; do
    in_cgroup 32M callcgroup "$way" 256 64
    assert_eq 137 "$status" "$way: status of a process killed by SIGKILL"
    assert_eq 1 "$(events oom_kill)" "$way: processes killed"
    remove_cgroup
  done
}
