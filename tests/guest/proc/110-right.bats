# The figures are correct.
# SPDX-License-Identifier: GPL-2.0-only

# bats file_tags=kcsan
load ../helpers

setup_file() {
  # The guest's root is a tmpfs, whose pages count as shared memory.
  mkdir -p /mnt/files
  mount -t ramfs ramfs /mnt/files
  cp /usr/bin/bash /mnt/files/
  mkswap /dev/vda >/dev/null
  swapon /dev/vda
  echo 64 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
}

teardown_file() {
  umount /mnt/files
  swapoff /dev/vda
  echo 0 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
}

setup() {
  copy=$BATS_TEST_TMPDIR/copy
  tracer=
}

teardown() {
  # Without its tracer, a process in the middle of an exec can be killed.
  [[ -z $tracer ]] || kill -KILL "$tracer" 2>/dev/null || true
  kill_standing
}

# sum_of NAME FILE PID...: of one column over the rows of some processes.
sum_of() {
  local name=$1 file=$2
  shift 2
  gawk -v name="$name" -v want=" $* " '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    index(want, " " $(at["PID"]) " ") { sum += $(at[name]) }
    END { printf "%d\n", sum }' "$file"
}

@test "pids: every column equals /proc/PID for 200 processes of all kinds" {
  local i size name step
  step=$(load_of 1 5)
  for ((i = 0; i < 20; i += step)); do
    size=$((4 * (i * i + 1)))
    stand --anon "$size"
    stand --file /mnt/files/bash --anon $((size + 4)) --oom-adj $((i * 37 - 300))
    stand --shmem $((size * 3))
    stand --swap $((size * 2)) --anon "$size"
    stand --hugetlb $((2048 * (i % 3 + 1)))
    stand --sparse $((i * 8 + 1))
    stand --threads $((i % 5 + 1)) --drop $((size * 7)) --reserve $((size * 100))
    stand --anon "$size" --shmem "$size" --swap "$size"
    kill -STOP "$stood"
    retry 100 state_is "$stood" T
    stand --reserve $((1048576 * (i + 1))) --nondumpable
    stand_as $((1000 + i)) --drop $((size * 5)) --shmem 64
  done
  assert_eq $((200 / step)) "${#standing[@]}" "standing processes"
  cat $pids >"$copy"
  assert_rows "$copy" "${standing[@]}"
  # All the kinds were present.
  for name in ANON_KB FILE_KB SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE; do
    assert_le 2048 "$(sum_of "$name" "$copy" "${standing[@]}")" "sum of $name, 2048 or more"
  done
}

@test "pids: the comparison with /proc/PID notices a wrong digit in each column [control]" {
  local col name names
  stand --anon 400
  cat $pids >"$copy"
  assert_eq "" "$(differences "$copy" "$stood")"
  read -ra names < <(head -n 1 $pids)
  assert_eq 18 "${#names[@]}" columns
  for ((col = 2; col <= 18; col++)); do
    name=${names[col - 1]}
    gawk -v pid="$stood" -v col="$col" '$1 == pid { $col = $col "1" } { print }' \
      "$copy" >"$copy.wrong"
    assert_eq "PID $stood $name:" \
      "$(differences "$copy.wrong" "$stood" | cut -d' ' -f1-3)" "differences"
  done
}

# Before Linux 6.2, a thread keeps the pages of its last faults to itself: 65 of them, and
# the one whose fault adds them.
@test "pids: ANON_KB equals the page tables; before Linux 6.2 some 64 faults are missing, as in status" {
  local way mapped anon
  for way in '' --behind; do
    # shellcheck disable=SC2086  # no word or one
    stand $way --anon $((1000 * page_kb))
    mapped=$(awk '$1 == "Anonymous:" { print $2 }' "/proc/$stood/smaps_rollup")
    anon=$(field "$stood" ANON_KB)
    echo "# ${way:-settled}: $anon kB, page tables $mapped kB" >&3
    if [[ -n $way ]] && before_linux 6.2; then
      assert_between "$page_kb" $((mapped - anon)) $((66 * page_kb)) "kB missing in ANON_KB"
    else
      assert_eq "$mapped" "$anon" "ANON_KB ${way:+of a process that did not settle}"
    fi
    assert_eq "$(awk '$1 == "RssAnon:" { print $2 }' "/proc/$stood/status")" "$anon" "RssAnon, and ANON_KB"
  done
}

@test "pids: UID is the effective one" {
  stood=$(setpriv --ruid 1000 --euid 1001 stand --anon 40)
  standing+=("$stood")
  assert_eq "1000 1001" "$(awk '$1 == "Uid:" { print $2, $3 }' "/proc/$stood/status")" "Uid"
  cat $pids >"$copy"
  assert_eq 1001 "$(field "$stood" UID "$copy")" UID
  assert_rows "$copy" "$stood"
}

# Two lists without a fork in between, so that both show the same processes. A process
# has an address space if the status of one of its threads has one. A thread that is
# gone by then, perhaps of the kernel, has no status; if it had a row, the lists differ.
list_both() {
  local lines line task pid status
  mapfile -t lines <$pids
  listed='' having=''
  for line in "${lines[@]:1}"; do
    # shellcheck disable=SC2086  # words
    set -- $line
    listed+="$1 "
  done
  mapfile -t lines <$summary
  # shellcheck disable=SC2086  # words
  set -- ${lines[0]}
  processes=$2
  for pid in /proc/[0-9]*; do
    for task in "$pid"/task/*; do
      { mapfile -t status <"$task/status"; } 2>/dev/null || continue
      if [[ ${status[*]} == *VmSize:* ]]; then
        having+="${pid#/proc/} "
        break
      fi
    done
  done
  # The shell lists names in alphabetical order.
  # shellcheck disable=SC2086  # words
  having=$(printf '%s\n' $having | sort -n | paste -sd' ')
  listed=${listed% }
}

has_child() {
  children "$1"
  ((${#found[@]}))
}

in_list() {
  [[ " $2 " == *" $1 "* ]]
}

@test "pids: exactly the processes that have an address space have a row" {
  local plain zombie half shared vforked mid pid self=$BASHPID fifo
  stand --anon 40
  plain=$stood
  stand --zombie
  children "$stood"
  zombie=${found[0]}
  stand --threads 2 --leader-exits
  half=$stood
  stand --clone-vm 3
  children "$stood"
  shared=("$stood" "${found[@]}")
  stand --vfork
  # The child starts just after its parent is ready.
  retry 100 has_child "$stood"
  vforked=("$stood" "${found[@]}")
  fifo=$BATS_TEST_TMPDIR/fifo
  mkfifo "$fifo"
  midexec "$fifo" >"$BATS_TEST_TMPDIR/mid" 3>&- &
  tracer=$!
  retry 100 test -s "$BATS_TEST_TMPDIR/mid"
  mid=$(<"$BATS_TEST_TMPDIR/mid")
  standing+=("$mid")

  state_is "$zombie" Z || fail "$zombie is no zombie: $(cat "/proc/$zombie/stat")"
  state_is "$half" Z || fail "the main thread of $half is no zombie"
  assert_eq 4 "${#shared[@]}" "processes on one address space"
  assert_eq 2 "${#vforked[@]}" "a vfork parent and its child"
  assert_eq midexec "$(<"/proc/$mid/comm")" "name in mid-exec"

  list_both
  assert_eq "$having" "$listed" "PIDs"
  assert_eq "$(wc -w <<<"$listed")" "$processes" Processes
  for pid in 1 "$self" "$plain" "$half" "${shared[@]}" "${vforked[@]}" "$mid"; do
    in_list "$pid" "$listed" || fail "expected a row of $pid, actual: $listed"
  done
  for pid in 2 "$zombie"; do
    in_list "$pid" "$listed" && fail "expected no row of $pid, actual: $listed"
  done

  # When the exec continues, the same process continues with its new name.
  : >"$fifo"
  renamed() { [[ $(field "$mid" NAME) == sleep ]]; }
  retry 100 renamed
  list_both
  assert_eq "$having" "$listed" "PIDs after the exec"
}

@test "pids: a missing and a surplus row are noticed [control]" {
  list_both
  assert_eq "$having" "$listed"
  run -1 assert_eq "$having" "${listed#* }"
  run -1 assert_eq "$having" "$listed 2"
}

@test "summary: equals the sums over the rows of pids, to the digit" {
  stand --anon 3000 --swap 800
  stand --shmem 500 --hugetlb 2048
  stand --file /mnt/files/bash --sparse 30
  snapshot "$BATS_TEST_TMPDIR"
  assert_eq "$(rows "$BATS_TEST_TMPDIR/pids" | wc -l)" \
    "$(key Processes "$BATS_TEST_TMPDIR/summary")" Processes
  assert_eq "$(rows "$BATS_TEST_TMPDIR/pids" | wc -l)" \
    "$(key AddressSpaces "$BATS_TEST_TMPDIR/summary")" AddressSpaces
  assert_eq "$(sums "$BATS_TEST_TMPDIR/pids")" "$(totals "$BATS_TEST_TMPDIR/summary")" sums
}

# The rows of a snapshot without those of the given processes, and the summary
# beside it, must agree.
assert_summed_once() {
  local at=$BATS_TEST_TMPDIR
  assert_eq $(($(rows "$at/pids" | wc -l) - $#)) "$(key AddressSpaces "$at/summary")" AddressSpaces
  assert_eq "$(sums "$at/pids" "$@")" "$(totals "$at/summary")" sums
}

@test "summary: processes on one address space give a row each and count once in the sums" {
  local name pid extra=()
  stand --anon 4000 --clone-vm 5
  children "$stood"
  extra+=("${found[@]}")
  assert_eq 5 "${#found[@]}" "processes that share"
  stand --anon 2000 --threads 3 --clone-vm 1
  children "$stood"
  extra+=("${found[@]}")
  stand --anon 1000 --vfork
  retry 100 has_child "$stood"
  extra+=("${found[@]}")
  # Threads also share it, but are no processes.
  stand --anon 500 --threads 4

  snapshot "$BATS_TEST_TMPDIR"
  assert_summed_once "${extra[@]}"
  assert_eq "$(rows "$BATS_TEST_TMPDIR/pids" | wc -l)" \
    "$(key Processes "$BATS_TEST_TMPDIR/summary")" Processes
  # Each row shows the whole shared address space.
  for pid in "${extra[@]}"; do
    assert_le 1000 "$(field "$pid" ANON_KB "$BATS_TEST_TMPDIR/pids")" \
      "ANON_KB of $pid, 1000 or more"
  done
  # The sum over all rows must differ, or the test shows nothing.
  run -1 assert_summed_once
}

# bats test_tags=smp
@test "summary: an address space whose sharing ends in the middle of a read counts once" {
  # The one with the lower id is killed at different moments of the read.
  local each
  each=$(load_of 12 6)
  run -0 sharing "$each" "$(load_of 500 100)"
  assert_eq "$(yes 1 | head -n "$each")" "$output" "how often the shared GiB was counted"
}

@test "summary: forks, which share pages but no address space, count each [control]" {
  stand --anon 1000
  stand --anon 1000
  stand --zombie --anon 1000
  snapshot "$BATS_TEST_TMPDIR"
  assert_summed_once
}

# bats test_tags=smp
@test "pids, summary: reading changes nothing" {
  local file n
  n=$(load_of 400 80)
  for file in $pids $summary; do
    run -0 unchanged "$file" "$n"
    assert_eq "$n rounds, 0 differ" "$output" "$file"
  done
}

# bats test_tags=smp
@test "pids: no row shows an address space that exec is tearing down" {
  local n
  n=$(load_of 4000 400)
  run -0 torn 8 "$n"
  [[ $output =~ ^([0-9]+)\ rows,\ 0\ torn$ ]] || fail "$output"
  assert_eq $((n * 8)) "${BASH_REMATCH[1]}" "rows of processes that live throughout"
}

@test "pids: the peak starts again with exec and with a reset by clear_refs" {
  local before after
  stand --drop $((20000 + peak_more))
  before=$(field "$stood" COMMITTED_KB)
  assert_le 20000 "$before" "peak, 20000 or more"
  assert_le "$(field "$stood" RSS_KB)" 15000 "resident set"
  echo 5 >"/proc/$stood/clear_refs"
  after=$(field "$stood" COMMITTED_KB)
  assert_le "$after" 15000 "peak after the reset"
  cat $pids >"$copy"
  assert_rows "$copy" "$stood"
}

# unescape FILE: PID and NAME of the rows of a copy of pids, the name as its bytes in
# hexadecimal.
unescape() {
  LC_ALL=C gawk '
    BEGIN { for (i = 0; i < 256; i++) hex[sprintf("%c", i)] = sprintf("%02x", i) }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    {
      name = $(at["NAME"])
      bytes = ""
      # An empty name is shown as a zero byte, which no name has.
      while (name != "" && name != "\\000")
        if (match(name, /^\\[0-7][0-7][0-7]/)) {
          bytes = bytes sprintf("%02x", strtonum("0" substr(name, 2, 3)))
          name = substr(name, 5)
        } else {
          bytes = bytes hex[substr(name, 1, 1)]
          name = substr(name, 2)
        }
      print $(at["PID"]), bytes
    }' "$1"
}

# comms PID...: PID and comm in hexadecimal, from the kernel's own files.
comms() {
  LC_ALL=C gawk '
    BEGIN {
      for (i = 0; i < 256; i++) hex[sprintf("%c", i)] = sprintf("%02x", i)
      RS = "^$"
      for (i = 1; i < ARGC; i++) {
        bytes = ""
        getline comm <("/proc/" ARGV[i] "/comm")
        # Without the final line feed
        for (j = 1; j < length(comm); j++) bytes = bytes hex[substr(comm, j, 1)]
        print ARGV[i], bytes
      }
    }' "$@"
}

@test "pids: names of all bytes, newlines, spaces and escapes stay one field of one line" {
  local -A hex=()
  local i j name count expected
  # Seventeen names of fifteen bytes have each byte value but 0 once.
  for ((i = 1; i < 256; i += 15)); do
    name=
    for ((j = i; j < i + 15; j++)); do
      printf -v name '%s%02x' "$name" "$j"
    done
    stand --comm-hex "$name"
    hex[$stood]=$name
  done
  # Empty; spaces alone; newlines alone; "\", "\n", "\040" as such; a forged
  # row; escape sequences; 0xff.
  for name in '' 20 2020202020 0a 0a0a0a0a0a 5c 5c6e 5c303430 5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c \
    0a2031203020312031 1b5b324a1b5d303b ffffffffffffffffffffffffffffff 09 7f 2e20; do
    stand --comm-hex "$name"
    hex[$stood]=$name
  done

  cat $pids >"$copy"
  expected=$(for i in "${!hex[@]}"; do echo "$i ${hex[$i]}"; done | sort -n)
  assert_eq "$expected" "$(comms "${!hex[@]}" | sort -n)" "bytes of each comm"
  assert_eq "$expected" "$(unescape "$copy" | grep -E "^($(
    IFS='|'
    echo "${!hex[*]}"
  )) ")" "bytes of each NAME"
  assert_eq "" "$(rows "$copy" | awk 'NF != 18')" "rows that have not 18 fields"
  assert_eq "" "$(LC_ALL=C tr -d '\n!-~ ' <"$copy")" "bytes that are not printable"
  count=$(key Processes)
  # cat and the shell's own child may start and end; a forged line must not appear.
  assert_eq "${#hex[@]}" "$(column PID "$copy" | grep -cxF "$(printf '%s\n' "${!hex[@]}")")" \
    "rows of the names"
  assert_between $((count - 3)) "$(rows "$copy" | wc -l)" $((count + 3)) "lines"
}

@test "pids: the names are hostile [control]" {
  stand --comm-hex 0a2031203020312031
  assert_eq 2 "$(wc -l <"/proc/$stood/comm")" "lines of a comm"
  assert_eq "$stood 0a2031203020312031" "$(comms "$stood")"
  printf '%s\n' 'PID NAME' '7 \000' '8 \134\040\012a' >"$copy"
  assert_eq $'7 \n8 5c200a61' "$(unescape "$copy")"
}

@test "pids: OOM scores equal /proc/PID for every kind of adjustment, init and the unkillable" {
  local adj
  local -A scores=()
  stand --anon 20000
  for adj in -1000 -999 -500 -17 -1 0 1 17 300 500 999 1000; do
    echo "$adj" >"/proc/$stood/oom_score_adj"
    cat $pids >"$copy"
    assert_eq "$adj" "$(field "$stood" OOM_SCORE_ADJ "$copy")" OOM_SCORE_ADJ
    assert_rows "$copy" "$stood" 1
    scores[$(field "$stood" OOM_SCORE "$copy")]=1
  done
  # -1000 means unkillable.
  echo -1000 >"/proc/$stood/oom_score_adj"
  assert_eq 0 "$(field "$stood" OOM_SCORE)" "score of an unkillable process"
  # The scores must differ, or equality shows nothing.
  assert_le 8 "${#scores[@]}" "different scores, 8 or more"
  # In the middle of vfork.
  stand --anon 3000 --oom-adj 500 --vfork
  retry 100 has_child "$stood"
  cat $pids >"$copy"
  assert_rows "$copy" "$stood" "${found[@]}"
}
