# The comparison of selftest results goes red when it must.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# results KERNEL.RUN NAME RESULT...
results() {
  local file=$1
  shift
  printf '%s\t%s\n' "$@" >"$file"
}

# judge STATUS WORDS...: peers-judge ends with STATUS, and its report has each of WORDS.
judge() {
  local wanted=$1 got=0 words
  shift
  "$top/scripts/suites/peers-judge" . >report 2>&1 || got=$?
  echo "expected: $wanted, with the lines: $*"
  echo "actual:   $got, $(<report)"
  [[ $got == "$wanted" ]]
  for words; do
    grep -qF -e "$words" report
  done
}

@test "peers: the output of the selftests becomes a list of results" {
  printf '%s\r\n' '## unit proc:read' 'TAP version 13' '1..1' \
    '# selftests: proc: read' 'ok 1 selftests: proc: read' '' '## end proc:read 1' \
    '## unit proc:self' 'not ok 1 selftests: proc: self # exit=134' '## end proc:self 1' \
    '## unit x86:lam_64' 'ok 1 selftests: x86: lam_64 # SKIP' '## end x86:lam_64 1' \
    '## unit x86:slow_64' 'not ok 1 selftests: x86: slow_64 # TIMEOUT 300 seconds' \
    '## end x86:slow_64 300' \
    '## unit x86:lost_64' '# ok 1 part' '## end x86:lost_64 1' \
    '## unit seccomp:seccomp_bpf' '# 1..3' '# ok 1 global.kcmp' \
    '# not ok 2 TRAP.handler' '# ok 3 TSYNC.x # SKIP no' \
    '# ok 4 TSYNC.y # XFAIL old' 'not ok 1 selftests: seccomp: seccomp_bpf # exit=1' \
    '## end seccomp:seccomp_bpf 9' \
    '## unit mm:cow' '# # ---' '# running ./cow' '# ---' '# # ok 1 at 0xff00 [7f]' \
    '# # ok 2 at 0xfe00 [7f]' '# # not ok 3 - forked' \
    '# # ok 4 moved Extra pages 12 (0.1%), extra thread faults 3.' '# [FAIL]' \
    '# not ok 1 cow # exit=1' 'not ok 1 selftests: mm: run_vmtests.sh # exit=1' \
    '## end mm:cow 9' '## unit proc:cut' '# word' >output
  cat >expected <<'LIST'
proc:read	pass
proc:self	fail
x86:lam_64	skip
x86:slow_64	timeout
x86:lost_64 > part	pass
x86:lost_64	fail
seccomp:seccomp_bpf > global.kcmp	pass
seccomp:seccomp_bpf > TRAP.handler	fail
seccomp:seccomp_bpf > TSYNC.x	skip
seccomp:seccomp_bpf > TSYNC.y	pass
seccomp:seccomp_bpf	fail
mm:cow > cow > at 0x [7f]	pass
mm:cow > cow > at 0x [7f] (2)	pass
mm:cow > cow > forked	fail
mm:cow > cow > moved Extra pages	pass
mm:cow > cow	fail
mm:cow	fail
proc:cut	fail
LIST
  "$top/scripts/suites/peers-results" <output >actual
  diff -u expected actual
}

@test "peers: the same results on both kernels are no new failure" {
  results unpatched.1 proc:read pass proc:self fail x86:lam_64 skip x86:slow_64 timeout
  cp unpatched.1 patched.1
  judge 0 "4 results: 1 pass on both kernels, 0 flaky, 0 new failures"
  grep -A 2 '^Failing on both' report | grep -q proc:self
  [[ ! -e again ]]
}

@test "peers: a test that fails on the patched kernel alone runs again" {
  results unpatched.1 proc:read pass "mm:cow > cow > a" pass proc:self pass proc:new skip
  results patched.1 proc:read fail "mm:cow > cow > a" skip proc:new timeout
  judge 3 "Worse on the patched kernel"
  diff <(printf '%s\n' proc:read mm:cow proc:self proc:new) again
}

@test "peers: a failure that stays is a new failure, and red" {
  results unpatched.1 proc:read pass proc:self pass
  results patched.1 proc:read fail proc:self pass
  for run in 2 3; do
    results unpatched.$run proc:read pass
    results patched.$run proc:read fail
  done
  judge 1 "New failures:" "unpatched: pass,pass,pass, patched: fail,fail,fail" \
    "1 pass on both kernels, 0 flaky, 1 new failures"
}

@test "peers: a test that vanishes from the patched kernel is a new failure" {
  results unpatched.1 proc:read pass proc:self pass
  results patched.1 proc:self pass
  cp unpatched.1 unpatched.2
  cp patched.1 patched.2
  judge 1 "New failures:" "patched: missing,missing"
}

@test "peers: a failure that disappears, or appears on the other kernel, is flaky" {
  results unpatched.1 proc:read pass proc:self pass
  results patched.1 proc:read fail proc:self fail
  results unpatched.2 proc:read pass proc:self fail
  results patched.2 proc:read pass proc:self fail
  judge 0 "Flaky:" "0 pass on both kernels, 2 flaky, 0 new failures"
}

@test "peers: a failure that returns, and on the patched kernel alone, is new" {
  results unpatched.1 proc:read pass
  results patched.1 proc:read fail
  cp unpatched.1 unpatched.2
  cp unpatched.1 unpatched.3
  cp patched.1 patched.2
  results patched.3 proc:read pass
  judge 1 "New failures:" "unpatched: pass,pass,pass, patched: fail,fail,pass"
}

@test "peers: a later run without the result does not excuse it" {
  results unpatched.1 proc:read pass "proc:read > a" pass
  results patched.1 proc:read pass "proc:read > a" fail
  results unpatched.2 proc:read fail
  results patched.2 proc:read fail
  judge 3 "to be run again:" "unpatched: pass,missing, patched: fail,missing" "1 new failures"
  diff <(echo proc:read) again
  results unpatched.3 proc:read pass "proc:read > a" pass
  cp patched.1 patched.3
  judge 1 "New failures:" "unpatched: pass,missing,pass, patched: fail,missing,fail"
  cp unpatched.3 patched.3
  judge 0 "Flaky:" "1 flaky, 0 new failures"
}

@test "peers: no results, or of one kernel only, are an error" {
  results unpatched.1 proc:read pass
  judge 1 "patched.1 is missing or empty"
  results patched.1 x86:read pass
  judge 1 "results on one kernel only"
}
