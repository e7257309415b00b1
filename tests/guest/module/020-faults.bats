# Places fail in loading, opening and reading, on a kernel that can make them.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

file=/lib/modules/$(uname -r)/tamalloc.ko
debug=/sys/kernel/debug

setup() {
  local kind
  [[ -d $debug/failslab ]] || skip "this kernel injects no faults"
  dir=$BATS_TEST_TMPDIR/mnt
  mkdir -p "$dir"
  # The defaults spare what may wait.
  for kind in failslab fail_page_alloc; do
    echo N >$debug/$kind/ignore-gfp-wait
    echo 0 >$debug/$kind/verbose
  done
  echo 0 >$debug/fail_page_alloc/min-order
}

teardown() {
  kill_standing
  ! mountpoint -q "$dir" || umount "$dir"
  [[ -d /sys/module/tamalloc ]] || busybox insmod "$file"
}

number() {
  awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }' <<<"$2"
}

@test "faults: each place of loading fails without harm" {
  busybox rmmod tamalloc
  run faultload "$file"
  assert_eq 0 "$status" "status; $output"
  echo "# $output" >&3
  assert_le 20 "$(number injected "$output")" "faults injected, 20 or more"
  assert_le 20 "$(number failed "$output")" "loads that failed, 20 or more"
  busybox insmod "$file"
  has_row $$ || fail "no row of this process"
}

# every_place TRIES PROC GROUP
every_place() {
  local line name
  stand --anon 100
  stand --anon 100 --clone-vm 3
  run -0 --separate-stderr setpriv --regid "$3" --clear-groups faultnth "$1" "$2"
  printf '# %s\n' "${lines[@]}" >&3
  assert_eq 14 "${#lines[@]}" "operations"
  for line in "${lines[@]}"; do
    name=${line%% *}
    assert_eq 0 "$(number wrong "$line")" "$name: what must not happen ($stderr)"
    assert_le 1 "$(number injected "$line")" "$name: faults injected, 1 or more"
  done
}

@test "faults: each place of open, read, pread and lseek fails without harm" {
  every_place 2 /proc 0
  assert_le 1 "$(number enomem "$(grep '^open_pids ' <<<"$output")")" "open_pids: enomem, 1 or more"
  number injected "$(grep '^read_pids ' <<<"$output")" >"$BATS_FILE_TMPDIR/injected"
}

@test "faults: where asking procfs fails, the read fails and hides no row" {
  mount -t proc -o hidepid=4 proc "$dir"
  # faultnth empties the dentry cache each time.
  every_place 2 "$dir" 1001
  # A read of pids that has rows already ends with these.
  assert_le 1 "$(number enomem "$(grep '^read_summary ' <<<"$output")")" "read_summary: enomem, 1 or more"
  assert_le $(($(<"$BATS_FILE_TMPDIR/injected") + 10)) "$(number injected "$(grep '^read_pids ' <<<"$output")")" \
    "read_pids: places that fail, ten more than where nobody is asked"
}
