# What the module's files cost on a stock kernel, in a guest whose clock counts
# instructions (guest --icount). SPDX-License-Identifier: GPL-2.0-only

load ../helpers

outsider=1001

teardown() {
  [[ -z ${crowd:-} ]] || kill "$crowd" 2>/dev/null || true
  ! mountpoint -q /mnt/hidden || umount /mnt/hidden
}

# each METHOD: instructions for each process, of what benchproc printed
each() {
  awk -v method="$1" '$1 == method { printf "%d\n", $4 }' <<<"$output"
}

@test "cost: pids and summary among 1,000 processes, and four files of each of them" {
  run -0 benchproc 1000 pids summary four_files
  sed 's/^/# /' <<<"$output" >&3
  assert_le "$(each pids)" 2000 "pids, instructions per process"
  assert_le "$(each summary)" 900 "summary, instructions per process"
  assert_le $((25 * $(each pids))) "$(each four_files)" "25 times pids, and four files"
}

@test "cost: with hidepid=2, what an outsider pays for each process that is hidden" {
  local dir=/mnt/hidden number pids_time summary_time
  mkdir -p "$dir"
  mount -t proc -o hidepid=2 proc "$dir"
  crowd=$(command crowd 1000)
  number=$(key Processes)
  run -0 as $outsider cost "$dir/tamalloc/pids" "$dir/tamalloc/summary" "$number"
  sed 's/^/# /' <<<"$output" >&3
  pids_time=$(awk '$1 == "read" && $2 ~ /pids$/ { print $4 }' <<<"$output")
  summary_time=$(awk '$1 == "read" && $2 ~ /summary$/ { print $4 }' <<<"$output")
  # Three times what is allowed where all are seen
  assert_le $((pids_time / number)) 6000 "pids, instructions per process"
  assert_le $((summary_time / number)) 2700 "summary, instructions per process"
  assert_le "$(as $outsider cat "$dir/tamalloc/pids" | rows - | wc -l)" 1 "rows for an outsider"
}
