# kernel-apply: all or nothing, repeatable, reversible.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/checkout
  tree=$BATS_TEST_TMPDIR/tree
  copy_checkout "$copy" kernel-patches proc scripts syscall tests/kselftest
  original_tree 6.12 "$tree"
  cp -r "$tree" "$tree.before"
}

@test "apply: puts every file and hook in, and leaves no .orig or .rej" {
  local from to
  "$copy/scripts/kernel-apply" "$tree"
  grep -q tamalloc "$tree/arch/x86/entry/syscalls/syscall_64.tbl"
  sed 's/#.*//; /^ *$/d' "$copy/kernel-patches/files.map" | while read -r from to _; do
    cmp "$copy/$from" "$tree/$to"
  done
  [[ -z $(find "$tree" -name '*.orig' -o -name '*.rej' -o -name '*.tmp.*') ]]
}

@test "apply: a second run changes nothing, not even a time stamp" {
  "$copy/scripts/kernel-apply" "$tree"
  find "$tree" -type f -printf '%p %T@\n' | sort >"$BATS_TEST_TMPDIR/first"
  "$copy/scripts/kernel-apply" "$tree"
  find "$tree" -type f -printf '%p %T@\n' | sort | diff "$BATS_TEST_TMPDIR/first" -
}

@test "apply: a rejected hunk stops it, named and shown, with the tree unchanged" {
  sed -i 's/^COND_SYSCALL(mseal);/COND_SYSCALL(nothing);/' "$tree/kernel/sys_ni.c" \
    "$tree.before/kernel/sys_ni.c"
  run -1 "$copy/scripts/kernel-apply" "$tree"
  echo "$output"
  [[ $output == *"-mm-hook-in-the-tamalloc-system-call.patch does not apply"* ]]
  [[ $output == *"is unchanged; give a linux-6.12.y tree without other changes there, or adapt the patch"* ]]
  [[ $output == *"+COND_SYSCALL(tamalloc);"* ]]
  diff -r "$tree.before" "$tree"
}

@test "apply: fuzz is refused, too" {
  # The context moves by one line. patch would guess, which it must not.
  sed -i 's/^COND_SYSCALL(perf_event_open);/COND_SYSCALL(other);/' "$tree/kernel/sys_ni.c"
  run -1 "$copy/scripts/kernel-apply" "$tree"
  [[ $output == *"does not apply"* ]]
}

@test "apply: a patch removed from the series is removed from the tree" {
  "$copy/scripts/kernel-apply" "$tree"
  sed -i '/x86-wire-up/d' "$copy/kernel-patches/6.12/series"
  sed -i '/proc.walk.h/d' "$copy/kernel-patches/files.map"
  "$copy/scripts/kernel-apply" "$tree"
  cmp "$tree.before/arch/x86/entry/syscalls/syscall_64.tbl" \
    "$tree/arch/x86/entry/syscalls/syscall_64.tbl"
  [[ ! -e $tree/fs/proc/tamalloc/walk.h ]]
}

@test "apply: a tree of another version is refused" {
  sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 13/' "$tree/Makefile"
  run -1 "$copy/scripts/kernel-apply" "$tree"
  [[ $output == *"is Linux 6.13; the patches are for 6.1 6.12 7.3"* ]]
}

@test "apply: a Makefile without a version is no kernel tree" {
  echo all: >"$tree/Makefile"
  refused "is not a Linux kernel source tree" "$copy/scripts/kernel-apply" "$tree"
}

@test "apply: hooks that came otherwise, and half of them, are refused" {
  "$copy/scripts/kernel-apply" "$tree"
  cp "$tree/mm/memory.c" "$tree.before/mm/"
  cp -r "$tree.before" "$tree.half"
  refused "mm/memory.c in $tree.half has hooks of tamalloc that kernel-apply did not put there; give a linux-6.12.y tree" \
    "$copy/scripts/kernel-apply" "$tree.half"
  diff -r "$tree.before" "$tree.half"
  rm -r "$tree/.tamalloc"
  cp -r "$tree" "$tree.all"
  refused "give a linux-6.12.y tree without them" "$copy/scripts/kernel-apply" "$tree"
  diff -r "$tree.all" "$tree"
}

@test "apply: a hook without the word tamalloc is refused, too" {
  "$copy/scripts/kernel-apply" "$tree"
  cp "$tree/mm/oom_kill.c" "$tree.before/mm/"
  sed -i '/tamalloc/d' "$tree.before/mm/oom_kill.c"
  refused "mm/oom_kill.c in $tree.before has hooks" "$copy/scripts/kernel-apply" "$tree.before"
}

@test "apply: a target that cannot be written stops it, with the tree unchanged" {
  touch "$tree/mm/tamalloc"
  cp -r "$tree" "$tree.all"
  refused "$tree/mm/tamalloc is not a directory that you may write to" "$copy/scripts/kernel-apply" "$tree"
  diff -r "$tree.all" "$tree"
  rm "$tree/mm/tamalloc"
  mkdir -p "$tree/mm/tamalloc/Kbuild"
  refused "$tree/mm/tamalloc/Kbuild is in the way" "$copy/scripts/kernel-apply" "$tree"
}

@test "apply: a relative tree, with CDPATH set" {
  (cd "${tree%/*}" && CDPATH=. "$copy/scripts/kernel-apply" "${tree##*/}")
  echo "/* edited */" >>"$tree/mm/memory.c"
  cd "${tree%/*}"
  refused "mm/memory.c in ${tree##*/} has changed" env CDPATH=. "$copy/scripts/kernel-apply" "${tree##*/}"
}

@test "apply: what somebody changed since is not lost" {
  "$copy/scripts/kernel-apply" "$tree"
  cp "$tree/mm/memory.c" "$BATS_TEST_TMPDIR/memory.c"
  echo '/* a fix */' >>"$tree/mm/memory.c"
  cp -r "$tree" "$tree.changed"
  refused "mm/memory.c in $tree has changed since kernel-apply wrote it; undo that, or" \
    "$copy/scripts/kernel-apply" "$tree"
  diff -r "$tree.changed" "$tree"
  # Undone, either way
  cp "$BATS_TEST_TMPDIR/memory.c" "$tree/mm/"
  "$copy/scripts/kernel-apply" "$tree"
  cp "$tree/.tamalloc/original/mm/memory.c" "$tree/mm/"
  "$copy/scripts/kernel-apply" "$tree"
  cmp "$BATS_TEST_TMPDIR/memory.c" "$tree/mm/memory.c"
}

# named PATCHES: each series, the table of versions and the files agree, and what is in
# common/ is in more than one series.
named() {
  local dir=$1 version name
  for version in $(sed 's/#.*//' "$dir/versions" | awk 'NF { print $1 }'); do
    for name in $(<"$dir/$version/series"); do
      realpath -e --relative-to="$dir" "$dir/$version/$name"
    done
  done | sort | uniq -c | awk '{ if ($2 ~ /^common/ ? $1 == 1 : $1 > 1) print $2 ": in " $1 " series"; print $2 >"/dev/fd/3" }' \
    3>"$BATS_TEST_TMPDIR/named"
  (cd "$dir" && printf '%s\n' */*.patch) | sort | diff "$BATS_TEST_TMPDIR/named" -
}

@test "apply: every patch is in a series, and a common one in several" {
  run -0 named "$copy/kernel-patches"
  assert_eq "" "$output"
}

@test "apply: a patch that no series or only one names is noticed [control]" {
  cp "$copy"/kernel-patches/6.1/0009-* "$copy/kernel-patches/common/0099-lost.patch"
  run -1 named "$copy/kernel-patches"
  assert_eq "> common/0099-lost.patch" "$(tail -n 1 <<<"$output")"
  echo ../common/0099-lost.patch >>"$copy/kernel-patches/7.3/series"
  run named "$copy/kernel-patches"
  assert_eq "common/0099-lost.patch: in 1 series" "$output"
}

@test "apply: another queue goes in on top, and out again" {
  local queue=$BATS_TEST_TMPDIR/queue
  mkdir "$queue"
  echo "queue/new.c  kernel/new.c" >"$queue/files.map"
  mkdir "$copy/queue"
  echo "int new;" >"$copy/queue/new.c"
  echo 0001-more.patch >"$queue/series"
  # It touches a file that another patch also touches.
  "$copy/scripts/kernel-apply" "$tree"
  cp -r "$tree/kernel" "$BATS_TEST_TMPDIR/a"
  cp -r "$tree/kernel" "$BATS_TEST_TMPDIR/b"
  echo "COND_SYSCALL(more);" >>"$BATS_TEST_TMPDIR/b/sys_ni.c"
  (cd "$BATS_TEST_TMPDIR" && diff -u a/sys_ni.c b/sys_ni.c || true) |
    sed 's|^--- a/sys_ni.c.*|--- a/kernel/sys_ni.c|; s|^+++ b/sys_ni.c.*|+++ b/kernel/sys_ni.c|' >"$queue/0001-more.patch"
  "$copy/scripts/kernel-apply" "$tree" "$queue"
  grep -qx "COND_SYSCALL(more);" "$tree/kernel/sys_ni.c"
  grep -qx "COND_SYSCALL(tamalloc);" "$tree/kernel/sys_ni.c"
  cmp "$copy/queue/new.c" "$tree/kernel/new.c"
  "$copy/scripts/kernel-apply" "$tree"
  diff -r "$BATS_TEST_TMPDIR/a" "$tree/kernel"
}
