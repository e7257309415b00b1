# The test that goes with the patches, tools/testing/selftests/proc/proc-tamalloc.c,
# as the patched tree builds it.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  command -v proc-tamalloc >/dev/null || skip "this guest was built without the patched tree"
}

@test "kselftest: proc-tamalloc passes, and skips nothing" {
  run proc-tamalloc
  [[ $status == 0 && $output == *"# Totals: pass:5 fail:0 xfail:0 xpass:0 skip:0 error:0" ]] ||
    fail "expected: status 0 and 5 passes, actual: status $status and" "$output"
}

@test "kselftest: proc-tamalloc fails on a listing from before it started [control]" {
  cat $pids >"$BATS_TEST_TMPDIR/pids"
  # shellcheck disable=SC2016  # expanded inside
  run -1 unshare --mount bash -c 'mount --bind "$1" /proc/tamalloc/pids && exec proc-tamalloc' \
    control "$BATS_TEST_TMPDIR/pids"
}
