# What the module's files cost on a stock kernel, in a guest whose clock counts
# instructions (guest --icount). SPDX-License-Identifier: GPL-2.0-only

load ../helpers

outsider=1001

teardown() {
  [[ -z ${crowd:-} ]] || kill "$crowd" 2>/dev/null || true
  ! mountpoint -q "$BATS_TEST_TMPDIR/mnt" || umount "$BATS_TEST_TMPDIR/mnt"
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
  local dir=$BATS_TEST_TMPDIR/mnt name time number limit
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_RUN_TMPDIR}"/*/
  mkdir "$dir"
  mount -t proc -o hidepid=2 proc "$dir"
  crowd=$(command crowd 1000)
  number=$(key Processes)
  for name in pids summary; do
    # Three times what is allowed where all are seen
    limit=6000
    [[ $name == pids ]] || limit=2700
    run -0 as $outsider cost read "$dir/tamalloc/$name" "$number"
    time=$(awk 'NR == 1 { print $2 }' <<<"$output")
    echo "# $name: $number processes, $time instructions, $((time / number)) each" >&3
    assert_le $((time / number)) "$limit" "$name, instructions per process"
  done
  assert_le "$(as $outsider cat "$dir/tamalloc/pids" | rows - | wc -l)" 1 "rows for an outsider"
}
