# The module as such: loading, unloading, and what it does instead of calling what is
# not exported. SPDX-License-Identifier: GPL-2.0-only

load ../helpers

file=/lib/modules/$(uname -r)/tamalloc.ko
# Of neither root's group nor of that which hidepid= spares by default, 0
outsider=1001

setup() {
  copy=$BATS_TEST_TMPDIR/copy
  dir=$BATS_TEST_TMPDIR/mnt
  open_to_users "$dir"
}

teardown() {
  kill_standing
  ! mountpoint -q "$dir" || umount "$dir"
  ! mountpoint -q /proc/meminfo || umount /proc/meminfo
  swapoff /dev/vda 2>/dev/null || true
  [[ -d /sys/module/tamalloc ]] || insmod "$file"
}

insmod() {
  busybox insmod "$@"
}

rmmod() {
  busybox rmmod tamalloc
}

# grouped_out COMMAND...: with root's capabilities and of no group that hidepid= spares
grouped_out() {
  setpriv --regid "$outsider" --clear-groups "$@"
}

# kernel_log: the lines logged since the last call
kernel_log() {
  dmesg --read-clear
}

@test "module: taints as every module that comes from elsewhere, and no more" {
  local taint
  taint=$(</proc/sys/kernel/tainted)
  # Bit 12, out of tree; bit 13, unsigned
  assert_eq 4096 $((taint & 4096)) "out-of-tree taint"
  assert_eq 0 $((taint & ~(4096 | 8192))) "other taints, of $taint"
}

@test "module: it says what it is" {
  local text
  text=$(tr '\0' '\n' <"$file")
  grep -qxF 'license=GPL' <<<"$text" || fail "no license"
  grep -q '^description=/proc/tamalloc: ' <<<"$text" || fail "no description"
}

@test "module: unloads with files open; reads fail from then on, and loads again" {
  local fd summary_fd row
  exec {fd}<"$pids" {summary_fd}<"$summary"
  # Rows are left to be read.
  read -r row <&"$fd"
  [[ $row == *PID* ]] || fail "the header: $row"
  rmmod
  assert_eq "" "$(ls -d /proc/tamalloc 2>/dev/null)" "what is left"
  run -1 cat <&"$fd"
  [[ $output == *"Input/output error"* ]] || fail "pids after unloading: $output"
  run -1 cat <&"$summary_fd"
  [[ $output == *"Input/output error"* ]] || fail "summary after unloading: $output"
  insmod "$file"
  has_row $$ || fail "no row of this process after loading again"
  # The old ones do not come back.
  run -1 cat <&"$fd"
  exec {fd}<&- {summary_fd}<&-
}

@test "module: with a second /proc/tamalloc it is not loaded, and nothing is warned of" {
  local other=$BATS_TEST_TMPDIR/other.ko at
  # The same module by another name, which stands in 56 bytes of their own. With KASAN, a
  # string before it looks like that, too.
  at=$(LC_ALL=C grep -aobP 'tamalloc\x00{48}' "$file" | tail -n 1 | cut -d: -f1)
  cp "$file" "$other"
  printf 2 | dd of="$other" bs=1 seek=$((at + 7)) conv=notrunc status=none
  run ! cmp -s "$file" "$other"
  kernel_log >/dev/null
  run ! insmod "$other"
  [[ $output == *"Device or resource busy"* ]] || fail "insmod: $output"
  kernel_log >"$copy"
  grep -q 'tamalloc: there is a /proc/tamalloc already' "$copy" || fail "$(<"$copy")"
  assert_eq 0 "$(grep -c 'WARNING\|cut here' "$copy")" "warnings"
  has_row $$ || fail "the files are gone"
  # Without the first one it is loaded [control].
  rmmod
  insmod "$other"
  has_row $$ || fail "the module by another name does nothing"
  busybox rmmod tamallo2
  insmod "$file"
}

@test "module: comes and goes while processes do and files are read" {
  local churn
  nice bash -c 'while :; do /usr/bin/true & /usr/bin/true; done' 3>&- &
  churn=$!
  reload "$file" "$(load_of 20 1000)" >&3
  kill "$churn"
  wait "$churn" || true
  has_row $$ || fail "no row of this process"
}

@test "module: scores are the kernel's, whatever lies over /proc/meminfo" {
  local before at seen
  stand --anon 200000
  stand --oom-adj 500
  before=$(field "$stood" OOM_SCORE)
  # Many times the memory of this guest
  sed 's/^SwapTotal:.*/SwapTotal:       999999999 kB/' /proc/meminfo >"$copy.meminfo"
  mount --bind "$copy.meminfo" /proc/meminfo
  grep -q 999999999 /proc/meminfo || fail "the file is not mounted"
  cat "$pids" >"$copy"
  umount /proc/meminfo
  assert_rows "$copy" "${standing[@]}"
  assert_eq "$before" "$(field "$stood" OOM_SCORE "$copy")" "score"

  mkswap /dev/vda >/dev/null
  before=$(field "${standing[0]}" OOM_SCORE "$copy")
  at=$(grep -ab "^ *${standing[0]} " "$copy" | cut -d: -f1)
  swapon /dev/vda
  # tail seeks into the row, and this formats it. The last read was before the swapon.
  seen=$(tail -c "+$((at + 5))" "$pids" | head -n 1 | awk '{ print $(NF - 4) }')
  assert_eq "$(</proc/"${standing[0]}"/oom_score)" "$seen" "score of a row formatted at a seek"
  cat "$pids" >"$copy"
  assert_rows "$copy" "${standing[@]}"
  # That the sum of memory and swap matters [control].
  run ! test "$before" = "$(field "${standing[0]}" OOM_SCORE "$copy")"
}

# dentries: how many the kernel has
dentries() {
  local number
  read -r number _ </proc/sys/fs/dentry-state
  echo "$number"
}

@test "module: an outsider's read leaves nothing behind of what it may not see" {
  local i before after
  for ((i = 0; i < 150; i++)); do
    stand
  done
  mount -t proc -o hidepid=2 proc "$dir"
  before=$(dentries)
  for ((i = 0; i < 5; i++)); do
    as "$outsider" cat "$dir/tamalloc/pids" >"$copy"
  done
  after=$(dentries)
  assert_le "$(rows "$copy" | wc -l)" 1 "rows"
  assert_le $((after - before)) 100 "entries made by five reads among 150 processes"
  # Who may see them makes one of each [control].
  before=$(dentries)
  grouped_out cat "$dir/tamalloc/pids" >"$copy"
  after=$(dentries)
  assert_le 150 "$(rows "$copy" | wc -l)" "rows for root, 150 or more"
  assert_le 150 $((after - before)) "entries made for root, 150 or more"
}

@test "module: under hidepid=4 every process is asked for, over many batches" {
  local number
  number=$(load_of 300 70)
  for ((i = 0; i < number; i++)); do
    stand
  done
  mount -t proc -o hidepid=4 proc "$dir"
  grouped_out cat "$dir/tamalloc/pids" >"$copy"
  assert_eq "$(column PID "$copy" | sort -nu | wc -l)" "$(rows "$copy" | wc -l)" "rows by PID, and rows"
  assert_le "$number" "$(rows "$copy" | wc -l)" "rows"
  assert_rows "$copy" "${standing[@]:0:40}"
}
