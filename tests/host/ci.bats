# What .ci/run says in the end. SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir .ci bin
  cp "$top/.ci/run" .ci/
  PATH=$PWD/bin:$PATH
}

# made TARGET STATUS PASSED FAILED: make this target end so. It prints standard input.
made() {
  cat >"$1.said"
  {
    [[ -f bin/make ]] || printf '#!/bin/sh\n'
    printf '[ "$1" != %s ] || { cat %s.said; echo %s %s 0 >>"$TALLY"; exit %s; }\n' \
      "$1" "$1" "$3" "$4" "$2"
  } >>bin/make
  chmod +x bin/make
}

@test "ci: each part runs, and failures are repeated at the end" {
  made check 1 0 0 <<'SAID'
check shell: done in 0:01
check: error: not clean: docs
SAID
  made test 11 3 2 <<'SAID'
ok 1 a test
not ok 2 another test
# expected: 1
# actual: 2
ok 3 a third
guest verdict: test failure: 1 of 3 tests failed
ok 1 a test
guest verdict: pass: 1 passed, kernel log clean
kernel log: WARNING: CPU: 0
guest verdict: kernel splat: WARNING: CPU: 0
SAID
  run -1 .ci/run
  diff - <(sed -n '/^What failed:/,$p' <<<"$output") <<'EXPECTED'
What failed:
check: error: not clean: docs
not ok 2 another test
# expected: 1
# actual: 2
guest verdict: test failure: 1 of 3 tests failed
kernel log: WARNING: CPU: 0
guest verdict: kernel splat: WARNING: CPU: 0
3 passed, 2 failed, 0 skipped
EXPECTED
}

@test "ci: if everything passes, the last line is the sum of the tests, and status 0" {
  made check 0 0 0 <<<""
  made test 0 2 0 <<<"ok 1 a test"
  run -0 .ci/run
  [[ $output != *"What failed"* ]]
  [[ ${lines[-1]} == "2 passed, 0 failed, 0 skipped" ]]
}

@test "ci: no test at all is a failure" {
  printf '#!/bin/sh\n' >bin/make
  chmod +x bin/make
  run -1 .ci/run
  [[ ${lines[-1]} == "No test was run." ]]
}
