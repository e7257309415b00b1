# What a reader costs its own memory cgroup.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

cgroup=/sys/fs/cgroup/reader

setup() {
  ((page < 65536)) || skip "a page is as large as the largest buffer"
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  mkdir $cgroup
}

teardown() {
  kill_standing
  [[ ! -d $cgroup ]] || retry 50 rmdir $cgroup
}

# in_cgroup COMMAND...: run a command in the cgroup.
in_cgroup() {
  # shellcheck disable=SC2016  # for the shell inside
  run bash -c 'echo $$ >/sys/fs/cgroup/reader/cgroup.procs; exec "$@"' - "$@"
}

@test "pids: a reader at the limit of its memory cgroup is not killed for a large buffer" {
  local i
  # More than a page of rows, which have more than 100 bytes each
  for ((i = 0; i < page / 100; i++)); do
    stand
  done
  in_cgroup readcharged full $pids
  assert_eq 0 "$status" "exit status; output: $output"
  assert_le "$page" "$output" "bytes that were read, more than a page"
  assert_eq "oom 0 oom_kill 0" \
    "$(awk '$1 == "oom" || $1 == "oom_kill"' $cgroup/memory.events | paste -sd' ')" memory.events
}

@test "pids: a descriptor that is open and not read holds no large buffer" {
  in_cgroup readcharged idle $pids 64
  assert_eq 0 "$status" "exit status; output: $output"
  # 64 KiB each would be 4096.
  assert_le "$output" 1024 "kB charged for 64 descriptors"
}
