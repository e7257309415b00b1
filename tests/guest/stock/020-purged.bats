# The packages are purged, and the system has started again.
# SPDX-License-Identifier: GPL-2.0-only

load ../system

@test "purged: no file, no module and no unit is left, and nothing failed" {
  local left
  assert_eq "" "$(ls -d /proc/tamalloc /sys/module/tamalloc 2>/dev/null)" "in the kernel"
  left=$(find / -xdev -iname '*tamalloc*' -not -path '/usr/local/*' -not -path '/var/tmp/*' \
    -not -path '/var/lib/tamalloc-check*' -not -path '/etc/systemd/system/*tamalloc-check*' \
    -not -path '/var/log/*' 2>/dev/null || true)
  assert_eq "" "$left" "files"
  run -1 dpkg-query -W -f '${Status}' tamalloc-dkms
  assert_eq "" "$(dkms status tamalloc 2>/dev/null)" "dkms status"
  assert_no_failed_unit
  assert_eq 0 $(($(</proc/sys/kernel/tainted) & 4096)) "out-of-tree taint"
}
