# shellcheck shell=bash
# Shared by the suites. A suite adds test files for the host or a guest, and then runs
# them all. To be sourced.
#
# A suite ends with the line "N passed, N failed, N skipped". With TALLY=FILE, it also
# appends these numbers to FILE, so that a caller can add up several suites.
#
# With ONLY=PATTERN, an extended regular expression, it runs only the files whose path
# below tests/ matches, or if no path does, the tests whose titles match.
# SPDX-License-Identifier: GPL-2.0-only
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

need bats
passed=0 failed=0 skipped=0 rc=0
# As many guests at once as there are processors; at most four, because each may take some
# GB. With one more, those with two processors wait longer for each other.
at_once=$((jobs > 5 ? 4 : jobs - 1))
# Where each job runs its tests, how many it expects, and the kernels that were asked for
declare -A where=() expects=() built=()

# Whether ONLY names files; otherwise it is for titles.
only_files=0
[[ -z ${ONLY:-} ]] || ! (cd "$top/tests" && printf '%s\n' {guest,host}/{,*/}*.bats) |
  grep -qE -e "$ONLY" || only_files=1

# choose PLACE [--OPTION VALUE...] PATTERN...: set the array "chosen" to the options of
# bats and the selected files of tests/PLACE, and "expected" to the number of their tests.
choose() {
  local place=$1 file files options=()
  shift
  # Tests with the tag "x86" are of what no other architecture has.
  local tags=''
  [[ $ARCH == x86 || $place == host ]] || tags='!x86'
  while [[ ${1-} == --* ]]; do
    case $1 in
      --filter-tags) tags=${tags:+$tags,}$2 ;;
      *) options+=("$1" "$2") ;;
    esac
    shift 2
  done
  [[ -z $tags ]] || options+=(--filter-tags "$tags")
  chosen=() expected=0
  # shellcheck disable=SC2048,SC2086  # patterns are expanded here
  mapfile -t files < <(cd "$top/tests/$place" && printf '%s\n' $*)
  for file in "${files[@]}"; do
    [[ -e $top/tests/$place/$file ]] || die "there is no tests/$place/$file"
    ((!only_files)) || grep -qE -e "$ONLY" <<<"$place/$file" || continue
    chosen+=("$file")
  done
  ((${#chosen[@]})) || return 0
  [[ -z ${ONLY:-} ]] || ((only_files)) || options+=(--filter "$ONLY")
  chosen=("${options[@]}" "${chosen[@]}")
  expected=$(cd "$top/tests/$place" && bats --count "${chosen[@]}")
}

# host_tests NAME [OPTION VALUE...] PATTERN...: files of tests/host; options are bats'.
host_tests() {
  local name=$1 chosen expected
  shift
  choose host "$@"
  ((expected)) || return 0
  where[$name]=host expects[$name]=$expected
  # bats ends a test that hangs.
  add_job "$name" "$build/$name.log" env -C "$top/tests/host" BATS_TEST_TIMEOUT=900 bats --tap --timing "${chosen[@]}"
}

# guest_tests NAME KERNEL [OPTION...] -- [OPTION VALUE...] PATTERN...: files of tests/guest
# in a guest of their own. KERNEL stands for that of scripts/kernel/configs/KERNEL.config,
# or is a directory of scripts/vm/stock. The first options are those of scripts/vm/run, and
#   --judged        the kernel's own checks have the last word
#   --agents        in the image with the monitoring agents
guest_tests() {
  local name=$1 config=$2 run=(tests) options=() chosen expected kernel
  shift 2
  while [[ $1 != -- ]]; do
    case $1 in
      --judged) run=(judged tests) ;;
      --agents) options+=(--image "$build/image-agents.cpio") ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  shift
  choose guest "$@"
  ((expected)) || return 0
  where[$name]=guest expects[$name]=$expected
  # Without its kernel or image, the tests of a guest have failed; the others continue.
  if [[ $config == */* ]]; then
    kernel=$config/vmlinuz
    options+=(--image "$config/image.cpio")
  else
    kernel=$(kernel_image "$config")
    [[ ${built[$config]:-} ]] || "$top/scripts/kernel/build" "$config" || rm -f "$kernel"
    built[$config]=1
  fi
  if [[ " ${options[*]} " == *image-agents* ]]; then
    "$top/scripts/vm/image" agents || rm -f "$build/image-agents.cpio"
  fi
  add_job "$name" "$build/$name.log" exec "$top/scripts/vm/run" --quiet --kernel "$kernel" \
    --expect "$expected" --name "$name" "${options[@]}" "${run[@]}" "${chosen[@]}"
}

# report_of NAME: the file in which a job reports its tests.
report_of() {
  if [[ ${where[$1]} == host ]]; then
    echo "$build/$1.log"
  else
    echo "$build/guest/$1/output"
  fi
}

# lines_like REGEXP FILE: the number of matching lines.
lines_like() {
  grep -acE "$1" "$2" 2>/dev/null || true
}

job_progress() {
  local done_
  done_=$(lines_like '^(not )?ok ' "$(report_of "$1")")
  echo "$1 ${done_:-0} of ${expects[$1]}"
}

# A test without a report has failed. A splat or a missing line fails a run even if each
# test passed.
job_ended() {
  local name=$1 status=$2 report ok skip bad
  report=$(report_of "$name")
  say "Tests on the ${where[$name]} ($name):"
  [[ ! -f $report ]] || tr -d '\r' <"$report"
  [[ ${where[$name]} == host ]] || cat "$build/$name.log"
  skip=$(lines_like '^ok .*# skip' "$report")
  ok=$(($(lines_like '^ok ' "$report") - skip))
  bad=$((expects[$name] - ok - skip))
  if (($(lines_like '^ok .*# skip *$' "$report"))); then
    say "A test was skipped without a reason." >&2
    status=10
  fi
  if ((status != 0 || bad > 0)); then
    rc=$((status ? status : 10))
    ((bad > 0)) || bad=1
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
}

# run_suite: run all added jobs.
run_suite() {
  local name total=0
  for name in "${!expects[@]}"; do
    total=$((total + expects[$name]))
    rm -rf "$build/guest/$name"
  done
  ((total)) || die "ONLY=$ONLY: no path of a file and no title of this suite matches"
  [[ -z ${ONLY:-} ]] || say "ONLY=$ONLY: $total tests"
  # It may print its choice, so run it before the tests print.
  "$top/scripts/vm/accel" >/dev/null
  run_jobs "$at_once" job_progress job_ended
}

# end_suite: print the last line, and exit.
end_suite() {
  [[ -z ${TALLY:-} ]] || echo "$passed $failed $skipped" >>"$TALLY"
  say "$passed passed, $failed failed, $skipped skipped"
  exit "$rc"
}
