# On the kernel that detects data races, a race in the patches fails a run, and a race
# elsewhere does not.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# seeded STATUS REGEXP SEED...: the verdict on a run with these faults
seeded() {
  expect_verdict "$1" "$2" --kernel "$top/build/bzImage-kcsan" --memory 1024 --timeout 300 \
    judged seed "${@:3}"
}

@test "kcsan: a race in a function of the patches is a splat" {
  seeded 11 "kernel splat: .*BUG: KCSAN: data-race in .*tamalloc_seed_race" race
}

@test "kcsan: a race elsewhere is only listed" {
  seeded 0 "pass: kernel log clean" race-elsewhere
  grep "data-race in seed_race_elsewhere" "$top/build/guest/$BATS_TEST_NAME/races"
}
