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
