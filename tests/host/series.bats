# The series for "git am": it applies, gives what kernel-apply gives, and is clean.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

# am VERSION: the series, by git am, onto the original files, in $BATS_TEST_TMPDIR/am.
am() {
  local tree=$BATS_TEST_TMPDIR/am
  rm -rf "$tree"
  original_tree "$1" "$tree"
  git -C "$tree" init -q
  git -C "$tree" add -A
  git -C "$tree" -c user.name=x -c user.email=x commit -q -m base
  git -C "$tree" -c user.name=x -c user.email=x am -q --empty=drop "$top/build/series/$1"/*.patch
}

# applied VERSION: the same by kernel-apply, in $BATS_TEST_TMPDIR/applied.
applied() {
  local tree=$BATS_TEST_TMPDIR/applied
  rm -rf "$tree"
  original_tree "$1" "$tree"
  "$top/scripts/kernel-apply" "$tree"
  rm -rf "$tree/.tamalloc"
}

same_tree() {
  original_tree "$1" "$BATS_TEST_TMPDIR/original" ||
    skip "no source of Linux $1 here; run KERNEL=$1 scripts/kernel/source"
  env -u KERNEL_SRC -u KERNEL_TARBALL KERNEL="$1" "$top/scripts/kernel/series"
  am "$1"
  applied "$1"
  assert_eq "" "$(diff -rq -x .git "$BATS_TEST_TMPDIR/am" "$BATS_TEST_TMPDIR/applied" 2>&1)" differences
  [[ -z $(git -C "$BATS_TEST_TMPDIR/am" status --porcelain) ]]
  # A cover letter, and a commit for each patch
  assert_eq "$(grep -c . "$top/kernel-patches/$1/series")" \
    "$(git -C "$BATS_TEST_TMPDIR/am" rev-list --count HEAD~0 ^"$(git -C "$BATS_TEST_TMPDIR/am" rev-list --max-parents=0 HEAD)")" commits
  run ! grep -l 'SUBJECT HERE\|BLURB HERE' "$top/build/series/$1/0000-cover-letter.patch"
}

@test "series: git am of 6.12 gives what kernel-apply gives" {
  same_tree 6.12
}

@test "series: git am of 6.1 gives what kernel-apply gives" {
  same_tree 6.1
}

@test "series: git am of 7.3 gives what kernel-apply gives" {
  same_tree 7.3
}

@test "series: a file that the series lacks is noticed [control]" {
  am 6.12
  applied 6.12
  rm "$BATS_TEST_TMPDIR/am/mm/tamalloc/ahead.c"
  run -1 diff -rq -x .git "$BATS_TEST_TMPDIR/am" "$BATS_TEST_TMPDIR/applied"
  [[ $output == *"ahead.c" ]]
}

@test "series: checkpatch is content with each patch" {
  # MAINTAINERS comes last, and compat.h is for several kernels; see scripts/check.
  run perl "$top/build/linux/scripts/checkpatch.pl" --no-tree --no-summary --strict --quiet \
    --terse --show-types --max-line-length=100 --ignore FILE_PATH_CHANGES \
    --ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_UNUSED,MACRO_ARG_REUSE \
    "$top"/build/series/*/000[1-9]-*.patch "$top"/build/series/*/001*.patch
  assert_eq "" "$output" "words of checkpatch"
  assert_eq 0 "$status" "status of checkpatch"
}
