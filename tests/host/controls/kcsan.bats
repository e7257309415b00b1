# A data race of ours fails a run on the kernel that looks for them, one of others
# does not. SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.7.0

setup_file() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  ACCEL=$("$top/scripts/vm/accel" 2>/dev/null)
  export top ACCEL
}

# seeded STATUS WORDS SEED...: the verdict on a run with these faults
seeded() {
  local status_wanted=$1 words=$2 got=0
  shift 2
  "$top/scripts/vm/run" --quiet --kernel "$top/build/bzImage-kcsan" --memory 1024 \
    --name "$BATS_TEST_NAME" --timeout 300 judged seed "$@" \
    >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || got=$?
  echo "expected: $status_wanted and a verdict that matches: $words"
  echo "actual:   $got, $(<"$BATS_TEST_TMPDIR/out")"
  [[ $got == "$status_wanted" ]]
  grep -qE "^guest verdict: .*$words" "$BATS_TEST_TMPDIR/out"
}

@test "kcsan: a race in a function of ours is a splat" {
  seeded 11 "kernel splat: .*BUG: KCSAN: data-race in .*tamalloc_seed_race" race
}

@test "kcsan: a race elsewhere is listed, and no more" {
  seeded 0 "pass: kernel log clean" race-elsewhere
  grep "data-race in seed_race_elsewhere" "$top/build/guest/$BATS_TEST_NAME/races"
}
