# Reports of data races: those in functions of the patches fail a run, others are listed.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  copy=$BATS_TEST_TMPDIR/checkout
  copy_checkout "$copy" scripts tests/verdict
  elsewhere=$BATS_TEST_TMPDIR/elsewhere
}

# report TITLE FRAME...: a report in the kernel's format
report() {
  local frame
  echo "[   12.345678] =================================================================="
  printf '[   12.345679] BUG: KCSAN: %s\r\n' "$1"
  echo "[   12.345680] "
  echo "[   12.345680] write to 0xffff888004b1e000 of 8 bytes by task 77 on cpu 1:"
  for frame in "${@:2}"; do
    printf '[   12.345681]  %s+0x12/0x340\r\n' "$frame"
  done
  echo "[   12.345690] Reported by Kernel Concurrency Sanitizer on:"
  echo "[   12.345699] =================================================================="
}

# sorted OURS ELSEWHERE: the numbers of reports in the patches and elsewhere
sorted() {
  "$copy/scripts/vm/kcsan" "$BATS_TEST_TMPDIR/log" "$elsewhere" >"$BATS_TEST_TMPDIR/judged"
  assert_eq "$1" "$(grep -c KCSAN "$BATS_TEST_TMPDIR/judged")" "reports in the patches"
  assert_eq "$2" "$(wc -l <"$elsewhere")" "reports elsewhere"
}

@test "races: a title that names a function of the patches counts" {
  {
    report "data-race in __x64_sys_tamalloc / do_exit" __x64_sys_tamalloc do_syscall_64
    report "data-race in percpu_counter_add_batch / tamalloc_walk_sample" percpu_counter_add_batch
  } >"$BATS_TEST_TMPDIR/log"
  sorted 2 0
}

@test "races: a stack that passes through a function of the patches counts" {
  report "data-race in next_thread / release_task" next_thread find_lock_task_mm \
    tamalloc_walk_next pids_next seq_read_iter >"$BATS_TEST_TMPDIR/log"
  sorted 1 0
}

@test "races: an explained report does not count" {
  report "data-race in next_thread / release_task" next_thread tamalloc_walk_next \
    >"$BATS_TEST_TMPDIR/log"
  echo 'data-race in next_thread / release_task$' >>"$copy/tests/verdict/kcsan-allow"
  sorted 0 1
  # But it never excuses the functions of the patches.
  report "data-race in next_thread / tamalloc_walk_next" next_thread \
    >"$BATS_TEST_TMPDIR/log"
  echo '.' >>"$copy/tests/verdict/kcsan-allow"
  sorted 1 0
}

@test "races: others, and those below the system call's mmap, are elsewhere" {
  {
    report "data-race in tick_nohz_stop_tick / tick_sched_do_timer" tick_nohz_stop_tick
    report "data-race in mas_store / mt_find" mas_store mmap_region do_mmap \
      vm_mmap_pgoff __x64_sys_tamalloc do_syscall_64
  } >"$BATS_TEST_TMPDIR/log"
  sorted 0 2
  grep -qx "data-race in mas_store / mt_find" "$elsewhere"
}

@test "races: the rest of the log stays in it" {
  {
    echo "[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1"
    report "data-race in a / b" a "WARNING: in between" b
    echo "[   13.000000] BUG: unable to handle page fault"
  } >"$BATS_TEST_TMPDIR/log"
  sorted 0 1
  [[ $(grep -c 'WARNING: \|BUG: ' "$BATS_TEST_TMPDIR/judged") == 3 ]]
}

@test "races: a report without an end counts if it passed through a function of the patches" {
  report "data-race in next_thread / b" next_thread tamalloc_walk_next | head -n -1 \
    >"$BATS_TEST_TMPDIR/log"
  sorted 1 0
}
