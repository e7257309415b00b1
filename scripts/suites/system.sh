# shellcheck shell=bash
# Disks with a Debian system that runs tests at each boot, for scripts/suites/deb and
# scripts/suites/stock. To be sourced.
# SPDX-License-Identifier: GPL-2.0-only
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

need mmdebstrap fakeroot mke2fs sfdisk
# The label of its file system
volume=tamalloc-root

# system_files SUITE: the files that the tests of tests/guest/SUITE need in the system
system_files() {
  echo "tests/guest/$1" tests/guest/{helpers.bash,system.bash,tamalloc-check.service} tests/common.bash scripts/vm/runs
}

# make_system CODENAME DIR SUITE OPTION...: make DIR/system.tar, a Debian with the packages of
# tests/guest/SUITE/packages.txt, from where scripts/vm/debs gets packages. The options are
# those of mmdebstrap.
make_system() {
  local codename=$1 dir=$2 suite=$3
  shift 3
  # How this machine's apt fetches: proxies, certificates, checks of dates
  "$top/scripts/vm/debs" apt "$codename" apt-config dump Acquire |
    grep '^Acquire::' | grep -vE '^Acquire::(IndexTargets|Changelogs|CompressionTypes|Languages|GzipIndexes)' >"$dir/apt.conf"
  # shellcheck disable=SC2016  # the hooks' shell expands these
  mmdebstrap --variant=important --aptopt="$dir/apt.conf" \
    --aptopt='APT::Install-Recommends "false"' \
    --include="$(lines_of "$top/tests/guest/$suite/packages.txt" | paste -sd,)" \
    --customize-hook='echo tamalloc >"$1/etc/hostname"' \
    --customize-hook="echo 'LABEL=$volume / ext4 errors=remount-ro 0 1' >"'"$1/etc/fstab"' \
    --customize-hook='rm -f "$1/etc/resolv.conf"' \
    "$@" "$codename" "$dir/system.tar" - <"$build_root/apt/$codename/sources.list"
}

# make_disk DIR MIB SUITE [PACKAGE...]: make DIR/disk of the system DIR/system.tar. It has one
# partition, as a cloud image, the tests of tests/guest/SUITE, and the packages below
# /var/tmp/packages. fakeroot keeps owners.
make_disk() {
  local dir=$1 size=$2 suite=$3 root=$1/root disk=$1/disk.tmp lib
  shift 3
  lib=$root/usr/local/lib/tamalloc
  rm -rf "$root" "$disk"
  mkdir "$root"
  gcc -std=gnu11 -D_GNU_SOURCE -O2 -static "-I$top/tests/helpers" -o "$dir/differences" \
    "$top/tests/helpers/proc/differences.c"
  truncate -s "$size"M "$disk"
  echo 'label: gpt
    start=2048, type=linux, name=root' | sfdisk --quiet "$disk"
  # /dev stays, because a system without devtmpfs would need it.
  # shellcheck disable=SC2016  # its own arguments
  (cd "$top" && fakeroot bash -euc '
    root=$1/root lib=$2 volume=$3 disk=$4 size=$5
    read -ra files <<<"$6"
    units=$root/etc/systemd/system
    shift 6
    tar -C "$root" --numeric-owner --exclude=./dev/\* -xf "$root/../system.tar"
    mkdir -p "$root/var/tmp/packages" "$lib" "$units/multi-user.target.wants"
    (($# == 0)) || cp "$@" "$root/var/tmp/packages/"
    cp -r "${files[@]}" "$lib/"
    cp "$root/../differences" "$root/usr/local/bin/"
    mv "$lib/tamalloc-check.service" "$units/"
    ln -s ../tamalloc-check.service "$units/multi-user.target.wants/"
    mke2fs -q -t ext4 -L "$volume" -E offset=1048576 -d "$root" "$disk" "$size"M' \
    bash "$dir" "$lib" "$volume" "$disk" $((size - 2)) "$(system_files "$suite")" "$@")
  rm -rf "$root"
  mv "$disk" "$dir/disk"
}
