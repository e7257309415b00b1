# The module in a Debian system on a stock kernel, as systemd booted it: the same tests
# after the installation, after a reboot, and on the next kernel. $TAMALLOC_BOOT counts
# the boots. SPDX-License-Identifier: GPL-2.0-only

load ../helpers

prom=/var/lib/prometheus/node-exporter/tamalloc.prom
ko=$(find "/lib/modules/$(uname -r)/updates" -name 'tamalloc.ko*' 2>/dev/null || true)

# metrics FILE: figures without comments, one "NAME{LABELS} VALUE" a line, the value
# with all digits: node_exporter writes 1.5e+06.
metrics() {
  awk '/^tamalloc_/ { value = $NF; sub(/ [^ ]+$/, ""); printf "%s %.4f\n", $0, value }' "$1" |
    LC_ALL=C sort
}

scrape() {
  curl -sS --fail --max-time 60 -o "$1" http://127.0.0.1:9100/metrics
}

@test "stock: this is Debian's own kernel, and no unit failed" {
  run -0 dpkg -S "/boot/vmlinuz-$(uname -r)"
  assert_eq "linux-image-$(uname -r)" "$(sed 's/:.*//; s/linux-binary/linux-image/' <<<"$output")" "owner of the kernel"
  run systemctl --failed --plain --no-legend
  assert_eq "" "$output" "failed units"
}

@test "stock: the packages are installed, whole, and DKMS built the module for this kernel" {
  local name
  for name in tamalloc-dkms tamalloc-tools; do
    assert_eq "install ok installed" "$(dpkg-query -W -f '${Status}' "$name")" "$name"
    run dpkg --verify "$name"
    assert_eq "" "$output" "files of $name that differ from the package"
  done
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
  local pid getty
  sleep 600 3>&- &
  pid=$!
  # A service of this system that nobody talks to.
  getty=$(systemctl show -P MainPID serial-getty@ttyS0.service)
  retry 300 state_is "$pid" S
  retry 300 state_is "$getty" S
  cat "$pids" >"$BATS_TEST_TMPDIR/pids"
  assert_rows "$BATS_TEST_TMPDIR/pids" "$pid" "$getty"
  echo "# $(awk -v pid="$getty" '$1 == pid' "$BATS_TEST_TMPDIR/pids")" >&3
  assert_eq systemd "$(field 1 NAME "$BATS_TEST_TMPDIR/pids")" "name of PID 1"
  assert_eq "$(stat -c %i "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$getty/cgroup")")" \
    "$(field "$getty" CGROUP "$BATS_TEST_TMPDIR/pids")" "cgroup of getty"
  kill "$pid"
}

# visible OPENER...: PIDs of the rows that it sees, and those whose status it can open,
# of the processes of a session that stands still
visible() {
  local dir=$1
  shift
  # shellcheck disable=SC2016  # expanded inside
  "$@" bash -c '
    mapfile -t rows < <(sed 1d "$0/tamalloc/pids")
    for row in "${rows[@]}"; do set -- $row; seen[$1]=1; done
    for status in "$0"/[0-9]*/status; do
      pid=${status%/status}; pid=${pid##*/}
      { text=$(<"$status"); } 2>/dev/null || { [[ -z ${seen[pid]} ]] || echo "row of $pid, status hidden"; continue; }
      # Processes of this very shell come and go.
      [[ $text == *VmSize:* && -z ${seen[pid]} && $pid != "$BASHPID" && -d /proc/$pid ]] || continue
      [[ $text == *"PPid:	$$"* ]] || echo "status of $pid, no row"
    done' "$dir"
}

@test "stock: under each hidepid=, readers see the rows of what they can open" {
  local dir=$BATS_TEST_TMPDIR/mnt hidepid
  mkdir "$dir"
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_RUN_TMPDIR}"/*/ "$dir"
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
  mkdir "$dir"
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_RUN_TMPDIR}"/*/ "$dir"
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
  assert_rows "$BATS_TEST_TMPDIR/scores" "$(systemctl show -P MainPID serial-getty@ttyS0.service)"
}

@test "stock: tamstat shows PID 1" {
  run -0 tamstat --csv -p 1
  [[ ${lines[1]} == 1,* ]] || fail "tamstat --csv -p 1: $output"
  run -0 tamstat -n 3
}

@test "stock: the timer runs the service, and node_exporter gives what that wrote" {
  local scraped=$BATS_TEST_TMPDIR/scraped
  assert_eq active "$(systemctl is-active tamalloc-textfile.timer)" "timer"
  retry 1800 succeeded
  assert_eq active "$(systemctl is-active prometheus-node-exporter.service)" "node_exporter"
  # The timer would write another file in between.
  systemctl stop tamalloc-textfile.timer
  retry 300 scrape "$scraped"
  metrics "$prom" >"$BATS_TEST_TMPDIR/expected"
  metrics "$scraped" >"$BATS_TEST_TMPDIR/actual"
  systemctl start tamalloc-textfile.timer
  assert_le 15 "$(wc -l <"$BATS_TEST_TMPDIR/expected")" "metrics in $prom"
  run -0 diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/actual"
  grep -qx 'node_textfile_scrape_error 0' "$scraped" || fail "the scrape had an error"
}

succeeded() {
  [[ $(systemctl show -P Result -P ExecMainStatus tamalloc-textfile.service) == $'success\n0' ]] &&
    [[ -s $prom ]]
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
