# The module in a Debian system that systemd booted on a stock kernel: the same tests
# after the installation, after a reboot, and on the next kernel.
# SPDX-License-Identifier: GPL-2.0-only

load ../system

# Where root switches the tmpfiles.d line on
enabled=/etc/tmpfiles.d/tamalloc.conf

teardown() {
  ! mountpoint -q "$BATS_TEST_TMPDIR/mnt" || umount "$BATS_TEST_TMPDIR/mnt"
  [[ ! -e $enabled ]] || { rm "$enabled" && reload; }
}

ko=$(find "/lib/modules/$(uname -r)/updates" -name 'tamalloc.ko*' 2>/dev/null || true)

@test "stock: this is Debian's own kernel, and no unit failed" {
  local kernel
  # A package of 7.3 has it here and copies it to /boot.
  kernel=/usr/lib/modules/$(uname -r)/vmlinuz
  [[ -e $kernel ]] || kernel=/boot/vmlinuz-$(uname -r)
  cmp "$kernel" "/boot/vmlinuz-$(uname -r)"
  run -0 dpkg -S "$kernel"
  assert_eq "linux-image-$(uname -r)" "$(sed 's/:.*//; s/linux-binary/linux-image/' <<<"$output")" "owner of the kernel"
  assert_no_failed_unit
}

@test "stock: the packages are installed, whole, and DKMS built the module for this kernel" {
  assert_installed tamalloc-dkms tamalloc-tools
  run -0 dkms status tamalloc -k "$(uname -r)"
  [[ $output == *installed* ]] || fail "dkms status: $output"
  assert_eq "$(uname -r)" "$(modinfo -F vermagic "$ko" | cut -d' ' -f1)" "kernel of the module"
  assert_eq GPL "$(modinfo -F license "$ko")" license
}

@test "stock: the module is loaded, without warnings and with the usual taint" {
  [[ -d /sys/module/tamalloc ]] || fail "it is not loaded"
  # 4096, out of tree; 8192, unsigned
  assert_eq 0 $(($(</proc/sys/kernel/tainted) & ~(4096 | 8192))) "other taints"
  assert_eq 0 "$(dmesg | grep -c 'WARNING: \|BUG: \|Oops')" "warnings"
}

@test "stock: the rows of pids are those of /proc/PID" {
  assert_system_rows
}

reload() {
  modprobe -r tamalloc
  modprobe tamalloc
}

# modes_are MODES: of both files
modes_are() {
  [[ $(stat -c '%a %U %G' "$pids" "$summary" | sort -u) == "$1" ]]
}

# visible DIR OPENER...: the opener's rows whose status it cannot open, and the statuses
# without a row, of processes that live throughout
visible() {
  local dir=$1
  shift
  # shellcheck disable=SC2016  # expanded inside
  "$@" bash -c '
    rows() {
      seen=()
      mapfile -t rows < <(sed 1d "$0/tamalloc/pids")
      for row in "${rows[@]}"; do set -- $row; seen[$1]=1; done
    }
    rows
    for status in "$0"/[0-9]*/status; do
      pid=${status%/status}; pid=${pid##*/}
      if { text=$(<"$status"); } 2>/dev/null; then
        [[ $text != *VmSize:* || -n ${seen[pid]} || $text == *"PPid:	$$"* ]] || lack+=("$pid")
      elif [[ -n ${seen[pid]} && -d /proc/$pid ]]; then
        echo "row of $pid, status hidden"
      fi
    done
    # It may have started in between.
    rows
    for pid in "${lack[@]}"; do
      [[ -n ${seen[pid]} || $pid == $$ || ! -d /proc/$pid ]] || echo "status of $pid, no row"
    done' "$dir"
}

@test "stock: under each hidepid=, readers see the rows of what they can open" {
  local dir=$BATS_TEST_TMPDIR/mnt hidepid
  open_to_users "$dir"
  for hidepid in 0 1 2 4; do
    mount -t proc -o "hidepid=$hidepid,gid=100" proc "$dir"
    run -0 visible "$dir" setpriv --reuid nobody --regid nogroup --clear-groups
    assert_eq "" "$output" "hidepid=$hidepid, nobody"
    run -0 visible "$dir" setpriv --reuid nobody --regid nogroup --groups 100
    assert_eq "" "$output" "hidepid=$hidepid, a member"
    run -0 visible "$dir" setpriv --clear-groups
    assert_eq "" "$output" "hidepid=$hidepid, root"
    umount "$dir"
  done
}

@test "stock: AppArmor is on, and a confined reader sees what its ptrace rules allow" {
  local dir=$BATS_TEST_TMPDIR/mnt profile=$BATS_TEST_TMPDIR/profile
  assert_eq Y "$(</sys/module/apparmor/parameters/enabled)" "AppArmor"
  open_to_users "$dir"
  cat >"$profile" <<'TEXT'
profile tamalloc-confined flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  deny ptrace,
  deny /proc/meminfo r,
}
profile tamalloc-tracer flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  ptrace,
}
TEXT
  apparmor_parser -r "$profile"
  mount -t proc -o hidepid=4 proc "$dir"
  # Root, of no group that hidepid= spares: the ptrace check decides.
  setpriv --regid nogroup --clear-groups aa-exec -p tamalloc-confined -- cat "$dir/tamalloc/pids" >"$BATS_TEST_TMPDIR/confined"
  setpriv --regid nogroup --clear-groups aa-exec -p tamalloc-confined -- \
    bash -c 'exec 2>/dev/null; for s in "$0"/[0-9]*/status; do read -r _ name <"$s" && echo "$s"; done; true' "$dir" >"$BATS_TEST_TMPDIR/opened"
  setpriv --regid nogroup --clear-groups aa-exec -p tamalloc-tracer -- cat "$dir/tamalloc/pids" >"$BATS_TEST_TMPDIR/tracer"
  # Scores need SwapTotal, which it may not read.
  aa-exec -p tamalloc-confined -- cat "$pids" >"$BATS_TEST_TMPDIR/scores"
  umount "$dir"
  apparmor_parser -R "$profile"
  assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/opened")" "$(rows "$BATS_TEST_TMPDIR/confined" | wc -l)" "rows for the confined, and statuses it could open"
  assert_le "$(rows "$BATS_TEST_TMPDIR/confined" | wc -l)" 2 "rows for the confined"
  assert_le 10 "$(rows "$BATS_TEST_TMPDIR/tracer" | wc -l)" "rows for one that may trace, 10 or more [control]"
  assert_rows "$BATS_TEST_TMPDIR/scores" "$(login_prompt)"
}

@test "stock: tamstat shows PID 1" {
  assert_tamstat
}

@test "stock: the timer runs the service, and node_exporter gives what that wrote" {
  assert_eq active "$(systemctl is-active tamalloc-textfile.timer)" "timer"
  retry 1800 service_succeeded
  assert_scraped 15
}

@test "stock: subset=pid has no tamalloc, and the module unloads and loads" {
  local dir=$BATS_TEST_TMPDIR/mnt
  mkdir "$dir"
  mount -t proc -o subset=pid proc "$dir"
  run -1 cat "$dir/tamalloc/pids"
  umount "$dir"
  run -0 modprobe -r tamalloc
  [[ ! -e /proc/tamalloc ]] || fail "it is unloaded and there is /proc/tamalloc"
  run -0 modprobe tamalloc
  has_row 1 || fail "PID 1 has no row"
}

@test "stock: a tmpfiles.d line of root's also holds after the module is loaded again" {
  modes_are "444 root root" || fail "modes by default: $(stat -c '%a %U %G' "$pids")"
  cp /usr/share/tamalloc/tmpfiles.d/tamalloc.conf "$enabled"
  reload
  # By a rule of udev
  retry 600 modes_are "440 root adm"
  # Without the line, loading sets the default [control].
  rm "$enabled"
  reload
  udevadm settle
  modes_are "444 root root" || fail "modes without the line: $(stat -c '%a %U %G' "$pids")"
}
