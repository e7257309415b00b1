# tamalloc(2) and the header list the errors that the tests saw.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# The errno names of the table in section ERRORS of a man page.
man_errnos() {
  awk '$1 == ".Sh" { on = $2 == "ERRORS" } on && /^\.It Bq Er / { print $4 }' "$1" | sort -u
}

# The errno names in the comment of a function of the header.
header_errnos() {
  awk -v start=" * $1 - " 'index($0, start) == 1 { on = 1 }
    /\*\// { on = 0 } on && $2 ~ /^E[A-Z]+$/ { print $2 }' "$2" | sort -u
}

# The errors of tamalloc here: callcase notes each errno of the suite.
seen_errnos() {
  local failures
  # So that this file also works when it runs alone.
  callcase --way tamalloc 0 0xffffffffffffffff >/dev/null
  callcase --way tamalloc --as 1024 1048577 >/dev/null
  callcase --way tamalloc --unprivileged --memlock 1024 --lock-future 1048577 >/dev/null
  cat /tmp/errnos-seen
  # A process that gets EINTR dies of the signal; the kernel counts it as a failure.
  failures=$(<$counters/failures)
  callwith killed tamalloc >/dev/null
  (($(<$counters/failures) == failures + 1)) && echo EINTR
  # Tested in a guest of its own: tests/guest/without.
  echo ENOSYS
}

@test "docs: the errors of the man page are those that the tests saw" {
  local seen
  seen=$(seen_errnos | sort -u | paste -sd' ')
  assert_eq "$seen" "$(man_errnos /tamalloc/docs/tamalloc.2 | paste -sd' ')" "ERRORS of tamalloc(2)"
  assert_eq "$seen" "$(header_errnos tamalloc /tamalloc/docs/tamalloc.h | paste -sd' ')" "tamalloc.h"
}

@test "docs: an error more or less in the man page is noticed [control]" {
  local seen
  seen=$(man_errnos /tamalloc/docs/tamalloc.2)
  sed '/^\.It Bq Er EAGAIN/d' /tamalloc/docs/tamalloc.2 >"$BATS_TEST_TMPDIR/less"
  sed 's/^\.It Bq Er EAGAIN/&\n.It Bq Er EBUSY/' /tamalloc/docs/tamalloc.2 >"$BATS_TEST_TMPDIR/more"
  [[ $seen != "$(man_errnos "$BATS_TEST_TMPDIR/less")" ]] || fail "one less was not noticed"
  [[ $seen != "$(man_errnos "$BATS_TEST_TMPDIR/more")" ]] || fail "one more was not noticed"
}

@test "docs: the number in the man page is the number of the call" {
  local number
  number=$(grep -oE 'is [0-9]+ on x86-64' /tamalloc/docs/tamalloc.2 | grep -oE '[0-9]+' | head -n 1)
  run -0 callnumber "$number"
  assert_eq EINVAL "$output" "call $number of no size"
}
