# Allocations and copies to user space fail: the call and the files give an error
# and no more. SPDX-License-Identifier: GPL-2.0-only

load ../helpers

kinds=(failslab fail_page_alloc fail_usercopy)
debug=/sys/kernel/debug

# The address range of a function's code, as "FROM TO"
code_of() {
  awk -v name="$1" 'from && $1 != from { print "0x" from, "0x" $1; exit }
    $3 == name { from = $1 }' /proc/kallsyms
}

# only_in KIND FUNCTION: only calls from FUNCTION fail, direct or indirect.
only_in() {
  local from to
  read -r from to < <(code_of "$2")
  echo "$from" >$debug/$1/require-start
  echo "$to" >$debug/$1/require-end
}

# anywhere KIND: the default
anywhere() {
  echo 0 >$debug/$1/require-start
  echo 0xffffffffffffffff >$debug/$1/require-end
}

setup() {
  local kind from to
  copy=$BATS_TEST_TMPDIR/copy
  # One place is spared: the search for kernel addresses, as for the stack of a new
  # thread. If it finds no memory twice in a row, the kernel itself warns (va_alloc()
  # in mm/vmalloc.c), and a warning ends this machine.
  read -r from to < <(code_of alloc_vmap_area)
  # The defaults spare allocations that may wait or be in high memory, and single pages.
  for kind in failslab fail_page_alloc; do
    echo N >$debug/$kind/ignore-gfp-wait
    echo "$from" >$debug/$kind/reject-start
    echo "$to" >$debug/$kind/reject-end
    anywhere $kind
  done
  echo N >$debug/fail_page_alloc/ignore-gfp-highmem
  echo 0 >$debug/fail_page_alloc/min-order
  for kind in "${kinds[@]}"; do
    # Thousands of messages about faults would cost more than the faults.
    echo 0 >$debug/$kind/verbose
    echo Y >$debug/$kind/task-filter
  done
}

teardown() {
  local kind
  for kind in "${kinds[@]}"; do
    echo 0 >$debug/$kind/probability
  done
  kill_standing
}

# number NAME LINE: the number after NAME in LINE.
number() {
  awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }' <<<"$2"
}

# The objects in use of the kinds that the call and the files make: open files, their
# parts, and address spaces. KASAN keeps freed objects for a while, and releases them
# when a cache shrinks.
objects() {
  local cache number
  for cache in /sys/kernel/slab/{seq_file,filp,mm_struct,vm_area_struct,maple_node,kmalloc-cg-*}; do
    echo 1 >"$cache/shrink"
    read -r number _ <"$cache/objects"
    echo "${cache##*/} $number"
  done | sort
}

# no_more_than SPARE BEFORE: no kind of object has more than SPARE over BEFORE.
no_more_than() {
  # Wait until no more processes exist than at the first count.
  objects >"$2.now"
  more=$(join -a 1 -e none -o 0,1.2,2.2 "$2" "$2.now" |
    awk -v spare="$1" '$3 == "none" || $3 > $2 + spare {
      print $1 ": expected at most " $2 + spare ", actual " $3 }')
  [[ -z $more ]]
}

# every_place TRIES: fail each place of each operation TRIES times. Prints the lines
# of the helper.
every_place() {
  # Several processes of one address space need memory in summary.
  stand --anon 100 --clone-vm 3
  stand --anon 100
  run -0 --separate-stderr faultnth "$1"
  printf '%s\n' "${lines[@]}" "$stderr"
}

@test "faults: each place of call, open, read, pread and lseek fails without harm" {
  local line name errors error compared=0
  every_place 4
  assert_eq 15 "${#lines[@]}" "operations"
  for line in "${lines[@]}"; do
    name=${line%% *}
    assert_eq 0 "$(number wrong "$line")" "$name: wrong results"
    assert_le 1 "$(number injected "$line")" "$name: faults injected, 1 or more"
    case $name in
      call | lseek_*) errors=enomem ;;
      # If there is no memory for a larger buffer, a page is enough. Bytes that are
      # already in the buffer only need a copy.
      read_pids | read_on_*) errors=efault ;;
      *) errors="enomem efault" ;;
    esac
    for error in $errors; do
      assert_le 1 "$(number "$error" "$line")" "$name: $error, 1 or more"
    done
    case $name in
      read* | pread* | lseek*)
        compared=$(number compared "$line")
        assert_le "$(number injected "$line")" $((2 * compared)) \
          "$name: twice the comparisons, and the faults"
        ;;
    esac
  done
}

# An object that each failure leaves behind exceeds the spare number.
@test "faults: they leave nothing behind" {
  local name
  # A first run makes the objects that are made only once.
  every_place 1
  kill_standing
  objects >"$copy.before"
  for name in seq_file filp mm_struct vm_area_struct maple_node kmalloc-cg-64 kmalloc-cg-512; do
    assert_eq 1 "$(grep -c "^$name [1-9]" "$copy.before" || true)" "counts of $name"
  done
  every_place 6
  kill_standing
  retry 100 no_more_than 5 "$copy.before" || fail "$more"
  echo "# most in addition: $(join "$copy.before" "$copy.before.now" |
    awk '{ print $3 - $2, $1 }' | sort -rn | head -n 1)" >&3
}

# unhurt OPERATION:ERROR...: the first that no run of churn has seen yet. Fails if
# all have been seen.
unhurt() {
  local each
  for each; do
    (($(awk -v name="${each%:*}" -v error="${each#*:}" '
      $1 == name { for (i = 2; i < NF; i++) if ($i == error) sum += $(i + 1) }
      END { print sum + 0 }' "$copy.churn") > 0)) || {
      echo "$each"
      return
    }
  done
  return 1
}

# failing KIND OPERATION:ERROR...: a tenth of this kind fails, under churn, for
# FAULT_SECONDS, and up to four times more until each of these operations that it
# can hit was hit.
failing() {
  local kind=$1 times=1000000000 seconds=${FAULT_SECONDS:-60} i
  shift
  : >"$copy.churn"
  echo $times >$debug/$kind/times
  for i in 1 2 3 4 5; do
    echo 10 >$debug/$kind/probability
    # If the page with its rseq area cannot be copied after a fork, the kernel
    # ends a process with SIGSEGV. So these processes use no rseq area.
    GLIBC_TUNABLES=glibc.pthread.rseq=0 run --separate-stderr churn --failing "$seconds"
    echo 0 >$debug/$kind/probability
    printf '%s\n' "${lines[@]}" "$stderr"
    assert_eq 0 "$status" "status of churn"
    assert_eq "faults 0" "${lines[-1]}"
    printf '%s\n' "${lines[@]}" >>"$copy.churn"
    unhurt "$@" >/dev/null || break
  done
  times=$((times - $(<$debug/$kind/times)))
  echo "# $kind: $times faults injected in $i times $seconds s" >&3
  assert_le $((2 * seconds)) "$times" "faults injected, two a second or more"
  assert_eq "" "$(unhurt "$@" || true)" "$kind: operations never seen to fail"
}

@test "faults: a tenth of small allocations fails under churn" {
  failing failslab {open,read,pread,lseek}_{pids,summary}:enomem call:enomem
}

# The output below shows how often each operation was hit: an operation does not fail
# if a smaller buffer is enough.
@test "faults: a tenth of page allocations fails under churn" {
  failing fail_page_alloc
}

# The call and lseek copy nothing.
@test "faults: a tenth of copies from and to user space fails under churn" {
  failing fail_usercopy {open,read,pread}_{pids,summary}:efault
}

# pages_fail FUNCTION OPERATION TRIES: TRIES times, while every page fails that is
# requested below FUNCTION.
pages_fail() {
  only_in fail_page_alloc "$1"
  echo 100 >$debug/fail_page_alloc/probability
  run -0 faultpage "$2" "$3"
  echo 0 >$debug/fail_page_alloc/probability
}

@test "faults: a page allocation fails in each operation, and one of 16 pages" {
  local operation function tried=0
  # One address space of several processes needs memory in summary.
  stand --anon 100 --clone-vm 3
  echo 1000000000 >$debug/fail_page_alloc/times
  while read -r operation function; do
    pages_fail "$function" "$operation" 20000
    [[ $output == after\ * ]] ||
      fail "$operation: expected ENOMEM after some tries, actual $output"
    echo "# $operation: ENOMEM $output tries" >&3
    tried=$((tried + 1))
  done <<'TEXT'
open_pids pids_open
open_summary summary_open
read_pids pids_read_iter
read_summary summary_show
pread_pids __x64_sys_pread64
pread_summary __x64_sys_pread64
lseek_pids __x64_sys_lseek
lseek_summary __x64_sys_lseek
call __x64_sys_tamalloc
TEXT
  assert_eq 9 "$tried" "operations"
  # If 16 pages fail, one page is enough, so only this counter shows it.
  echo 4 >$debug/fail_page_alloc/min-order
  echo 1 >$debug/fail_page_alloc/times
  pages_fail pids_read_iter read_pids 1
  assert_eq never "$output" "ENOMEM where a page will do"
  assert_eq 0 "$(<$debug/fail_page_alloc/times)" "16 pages that may still fail, of 1"
}

@test "faults: failing pages of another function do not affect open [control]" {
  echo 1000000000 >$debug/fail_page_alloc/times
  pages_fail __x64_sys_tamalloc open_pids 2000
  assert_eq never "$output" "open_pids gave ENOMEM"
}

# fill_with_faults PROBABILITY: fill 2 MiB while so many percent of the blocks cannot be
# had that filling ahead asks for.
fill_with_faults() {
  only_in fail_page_alloc __tamalloc_alloc_ahead
  echo 1000000000 >$debug/fail_page_alloc/times
  echo "$1" >$debug/fail_page_alloc/probability
  # shellcheck disable=SC2016  # for the inner shell
  run -0 bash -c 'echo 1 >/proc/self/make-it-fail; exec callahead touch tamalloc 512 w:0:512'
  echo 0 >$debug/fail_page_alloc/probability
}

@test "faults: if there is no block of pages to fill ahead, a fault brings one page" {
  local before faults i
  [[ -e $counters/ahead_kb ]] || skip "this kernel cannot fill ahead"
  before=$(<$counters/ahead_faults)
  fill_with_faults 100
  assert_eq "512 512 512" "$output" "pages written to, committed, faults; no block to be had"
  assert_eq "$before" "$(<$counters/ahead_faults)" "ahead_faults"
  # Half of them: in between, and a smaller block at the next address
  for i in 1 2 3 4 5; do
    fill_with_faults 50
    assert_eq "512 512" "${output% *}" "pages written to, committed; half of the blocks"
    faults=${output##* }
    assert_between 40 "$faults" 400 "faults"
  done
  # Other allocations of large folios go on [control]
  only_in fail_page_alloc __tamalloc_alloc_ahead
  echo 100 >$debug/fail_page_alloc/probability
  run -0 callahead touch tamalloc 512 w:0:512
  echo 0 >$debug/fail_page_alloc/probability
  assert_eq "512 512 37" "$output" "pages written to, committed, faults of a process that is not marked"
}

@test "faults: a forbidden error is noticed [control]" {
  echo 1000000000 >$debug/fail_usercopy/times
  echo 10 >$debug/fail_usercopy/probability
  GLIBC_TUNABLES=glibc.pthread.rseq=0 run -1 churn --unaware 5
  echo "$output"
  [[ $output =~ churn:\ (open|read)_(pids|summary):\ Bad\ address ]] ||
    fail "expected: one of the operations and its error; actual: see above"
}
