# The packages in a Debian system that systemd booted: the same tests at the first
# boot and after a reboot. $TAMALLOC_BOOT is the number of the boot.
# SPDX-License-Identifier: GPL-2.0-only

load ../system

image=linux-image-$(uname -r)

@test "debian: this is Debian 12 with systemd, up and without a failed unit" {
  assert_eq 'bookworm' "$(. /etc/os-release && echo "$VERSION_CODENAME")" "code name"
  assert_eq systemd "$(cat /proc/1/comm)" "PID 1"
  assert_no_failed_unit
  assert_eq running "$(systemctl is-system-running)" "state"
}

@test "debian: after the first boot there was another one, on the same disk" {
  local last=$((TAMALLOC_BOOT - 1))
  assert_eq "$TAMALLOC_BOOT" "$(cat /var/lib/tamalloc-check/boots)" "boots"
  ((last > 0)) || return 0
  run -1 cmp /proc/sys/kernel/random/boot_id "/var/lib/tamalloc-check/boot_id.$last"
}

@test "debian: the packages are installed and whole, and the kernel is theirs" {
  [[ $(uname -r) == *-tamalloc ]] || fail "the kernel that runs is $(uname -r)"
  assert_installed "$image" tamalloc-tools
  assert_eq "$image: /boot/vmlinuz-$(uname -r)" "$(dpkg -S "/boot/vmlinuz-$(uname -r)")" "owner"
  # The booted kernel is that of the package, and not just of the same name.
  run -0 file_version "/boot/vmlinuz-$(uname -r)"
  assert_eq "$(uname -r) $(uname -v)" "$output" "version in the file"
}

# The version that a bzImage holds: "RELEASE (WHO) VERSION".
file_version() {
  local at
  at=$(od -An -tu2 -j 526 -N 2 "$1")
  # It reads to the end: systemd's services ignore SIGPIPE, and a writer whose reader
  # has gone would complain.
  dd if="$1" bs=1 skip=$((at + 512)) count=256 status=none | tr '\0' '\n' |
    sed -n '1s/ ([^)]*)//p'
}

@test "debian: modules of the package load and unload" {
  local module
  for module in dummy overlay isofs; do
    run -0 modprobe "$module"
    grep -q "^$module " /proc/modules || fail "$module is not in /proc/modules"
    run -0 modprobe -r "$module"
  done
  run ! modprobe no-such-module
}

@test "debian: the rows of pids are those of /proc/PID" {
  assert_system_rows
}

@test "debian: the shipped tmpfiles.d line is off, and as root switched it on it holds from boot" {
  local shipped=/usr/share/tamalloc/tmpfiles.d/tamalloc.conf enabled=/etc/tmpfiles.d/tamalloc.conf file
  local expected="440 root adm"
  if ((TAMALLOC_BOOT == 1)); then
    for file in "$pids" "$summary"; do
      assert_eq "444 root root" "$(stat -c '%a %U %G' "$file")" "$file at the first boot"
    done
    # The second boot finds it in force.
    cp "$shipped" "$enabled"
    return
  fi
  for file in "$pids" "$summary"; do
    assert_eq "$expected" "$(stat -c '%a %U %G' "$file")" "$file at the second boot"
    run -1 setpriv --reuid nobody --regid nogroup --clear-groups cat "$file"
    run -0 setpriv --reuid nobody --regid nogroup --groups adm cat "$file"
  done
  # The tests after this one are about the default.
  rm "$enabled"
  chmod 0444 "$pids" "$summary"
  chgrp root "$pids" "$summary"
}

@test "debian: any user sees every process, because Debian mounts /proc so" {
  local got
  # This includes the reader, which has a row of its own.
  got=$(setpriv --reuid nobody --regid nogroup --clear-groups awk '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "UID") at = i; next }
    $at == 0 { n++ } END { print n + 0 }' "$pids")
  assert_le 10 "$got" "rows of root that user nobody sees"
  assert_le 10 "$(key Processes)" "Processes of summary"
}

@test "debian: an installed client reserves and touches, and the call counts it" {
  local before after
  before=$(cat "$counters/calls")
  run -0 tamtouch -s 2 64
  after=$(cat "$counters/calls")
  assert_eq $((before + 1)) "$after" "calls"
  # STEP REQUESTED_KB TOUCHED_KB VMSIZE_KB VMRSS_KB RSSANON_KB MINFLT
  assert_eq "0 65536 0" "$(awk '$1 == "0" { print $1, $2, $3 }' <<<"$output")" "step 0"
  assert_le "$(awk '$1 == "0" { print $6 }' <<<"$output")" 4096 "resident after the call, kB"
  assert_le 65536 "$(awk '$1 == "2" { print $6 }' <<<"$output")" "resident when all is touched, kB"
  run -0 tamprove 64
}

@test "debian: a program finds header and flags where Debian has them" {
  run -0 dpkg -L tamalloc-tools
  for file in /usr/include/tamalloc.h /usr/share/pkgconfig/tamalloc.pc \
    /usr/share/man/man2/tamalloc.2.gz /usr/share/man/man5/proc_tamalloc.5.gz \
    /usr/share/bash-completion/completions/tamstat; do
    grep -qxF "$file" <<<"$output" || fail "$file is not in the package"
  done
}

@test "debian: every program of the package has a man page and says what it does" {
  local program
  for program in $(dpkg -L tamalloc-tools | grep '^/usr/bin/.'); do
    run -0 "$program" --help
    [[ $output == *"Usage: ${program##*/}"* ]] || fail "$program --help: $output"
    [[ -f /usr/share/man/man1/${program##*/}.1.gz ]] || fail "$program has no page"
  done
}

@test "debian: tamstat shows PID 1" {
  assert_tamstat
}

@test "debian: the timer is enabled and runs the service, again and again" {
  local first
  assert_eq enabled "$(systemctl is-enabled tamalloc-textfile.timer)" "timer"
  assert_eq active "$(systemctl is-active tamalloc-textfile.timer)" "timer"
  # Runs of this boot: systemd forgets earlier ones at a reboot.
  retry 900 triggered
  retry 300 service_succeeded
  [[ -s $prom ]] || fail "$prom is not there"
  assert_le "$(awk '/^btime/ { print $2 }' /proc/stat)" "$(stat -c %Y "$prom")" \
    "start of this boot, and when $prom was written"
  first=$(stat -c %i:%Y "$prom")
  retry 900 newer_than "$first"
  note "$(systemctl list-timers --no-legend tamalloc-textfile.timer)"
}

triggered() {
  [[ $(systemctl show -P LastTriggerUSec tamalloc-textfile.timer) == *:* ]]
}

newer_than() {
  [[ $(stat -c %i:%Y "$prom") != "$1" ]]
}

@test "debian: node_exporter returns every figure that the service wrote" {
  assert_scraped 20
}

@test "debian: the scraped figures are those of this kernel at this time" {
  local scraped=$BATS_TEST_TMPDIR/scraped before after value
  before=$(cat "$counters/calls")
  run -0 tamtouch 1
  systemctl start tamalloc-textfile.service
  after=$(cat "$counters/calls")
  assert_eq $((before + 1)) "$after" "calls"
  scrape "$scraped"
  value=$(metrics "$scraped" | awk '$1 == "tamalloc_calls_total" { printf "%d", $2 }')
  assert_eq "$after" "$value" "tamalloc_calls_total"
  value=$(metrics "$scraped" | awk '$1 == "tamalloc_name_processes{name=\"systemd\"}" { printf "%d", $2 }')
  assert_eq "$(column NAME | grep -cx systemd)" "$value" "processes of the name systemd"
}
