# Shared by the tests in the guest.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

. "${BASH_SOURCE[0]%/*}/common.bash"

pids=/proc/tamalloc/pids
summary=/proc/tamalloc/summary
counters=/sys/kernel/mm/tamalloc
# The size of a page: 4 KiB on x86, and 4, 16 or 64 KiB on arm64
page=$(getconf PAGESIZE)
page_kb=$((page / 1024))
# The peak that the kernel keeps lacks up to 32 pages of each processor, which has not yet
# added them to the counter. The tests' sizes leave room for pages of 4 KiB; larger ones
# need as many kB more.
peak_more=$((32 * (page_kb - 4) * $(getconf _NPROCESSORS_ONLN)))

# has_call: whether this kernel has the call, and not the two files alone.
has_call() {
  [[ -d $counters ]]
}

# before_linux VERSION: whether this kernel is older.
before_linux() {
  [[ $(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1) != "$1" ]]
}

# assert_le LOW HIGH [WHAT]: LOW <= HIGH
assert_le() {
  (($1 <= $2)) || fail "${3:-value}:" "  expected at most: $2" "  actual:           $1"
}

# assert_between LOW ACTUAL HIGH [WHAT]
assert_between() {
  (($1 <= $2 && $2 <= $3)) ||
    fail "${4:-value}:" "  expected: $1 to $3" "  actual:   $2"
}

# load_of NORMAL SMALL: the amount of load of a test. SMALL on kernels that check
# everything, where each operation costs many times more.
load_of() {
  if [[ ${TAMALLOC_LOAD:-} == small ]]; then
    echo "$2"
  else
    echo "$1"
  fi
}

# The size of a transparent huge page, 0 without them: 2 MiB with pages of 4 KiB, and
# 512 MiB with 64 KiB
thp=/sys/kernel/mm/transparent_hugepage
huge_kb=0
[[ ! -d $thp ]] || huge_kb=$(($(<$thp/hpage_pmd_size) / 1024))

# need_huge_pages NUMBER: skip the test if the guest may lack room for so many.
need_huge_pages() {
  ((huge_kb * $1 <= 131072)) || skip "no room for $1 huge pages of $((huge_kb / 1024)) MiB"
}

# huge_pages MODE: set the mode of transparent huge pages, until
# restore_huge_pages. A real-time kernel has none, which is the mode "never".
huge_pages() {
  if [[ ! -d $thp ]]; then
    [[ $1 == never ]] || skip "this kernel has no transparent huge pages"
    return 0
  fi
  : "${thp_before:=$(sed 's/.*\[\(.*\)\].*/\1/' "$thp/enabled")}"
  echo "$1" >"$thp/enabled"
}

# restore_huge_pages: for teardown; may run twice.
restore_huge_pages() {
  [[ -z ${thp_before:-} ]] || echo "$thp_before" >"$thp/enabled"
}

# stand ARGS...: start a process that stands still (tests/helpers/proc/stand.c). Its
# PID is in $stood, and teardown kills it and its children.
stand() {
  stood=$(command stand "$@")
  standing+=("$stood")
}

# stand_as UID ARGS...: the same as another user, whose only group has that number.
stand_as() {
  stood=$(as "$1" stand "${@:2}")
  standing+=("$stood")
}

# open_to_users DIR...: make directories below $BATS_TEST_TMPDIR that every user can reach.
open_to_users() {
  mkdir -p "$@"
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$@"
}

# as UID COMMAND...: run a program as another user, whose only group has that number.
# (Otherwise root would keep group 0, which is the default gid=.)
as() {
  local uid=$1
  shift
  setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}

# kill_standing: for teardown; may run twice. Waits until the processes are gone. Each
# leads a process group.
kill_standing() {
  local pid
  for pid in "${standing[@]}"; do
    kill -KILL -- "-$pid" 2>/dev/null || true
  done
  for pid in "${standing[@]}"; do
    retry 300 group_gone "$pid"
  done
  standing=()
}
standing=()

group_gone() {
  ! kill -0 -- "-$1" 2>/dev/null
}

# state_is PID LETTER: whether /proc/PID/stat shows this state.
state_is() {
  local line
  line=$(<"/proc/$1/stat") 2>/dev/null || return
  line=${line##*) }
  [[ ${line:0:1} == "$2" ]]
}

# children PID: its child processes, in the array $found. It does not fork, so that no
# new child appears meanwhile.
children() {
  local stat line
  found=()
  for stat in /proc/[0-9]*/stat; do
    { IFS= read -r line <"$stat"; } 2>/dev/null || continue
    line=${line##*) }
    # shellcheck disable=SC2086  # words
    set -- "$1" $line
    [[ $3 != "$1" ]] || {
      stat=${stat#/proc/}
      found+=("${stat%/stat}")
    }
  done
}

# rows: the rows without the header.
rows() {
  tail -n +2 "${1:-$pids}"
}

# column NAME [FILE]: that column of every row.
column() {
  awk -v name="$1" '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) col = i; next }
    { print $col }' "${2:-$pids}"
}

# field PID NAME [FILE]: one field of the row of a process; nothing if it has no row.
field() {
  awk -v pid="$1" -v name="$2" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $(at["PID"]) == pid { print $(at[name]) }' "${3:-$pids}"
}

# has_row PID [FILE]
has_row() {
  [[ -n $(field "$1" PID "${2:-$pids}") ]]
}

# key NAME [FILE]: the value of a key of summary, without its unit.
key() {
  awk -v key="$1:" '$1 == key { print $2 }' "${2:-$summary}"
}

# sums FILE [PID...]: the keys of summary that are sums, and the sums over the rows of
# a copy of pids, without the rows of the given processes.
sums() {
  awk -v out=" ${*:2} " '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    index(out, " " $(at["PID"]) " ") { next }
    { for (name in at) if (name ~ /_KB$/) sum[name] += $(at[name]) }
    END {
      n = split("Reserved Committed Rss Anon File Shmem Swap Hugetlb PageTables", keys)
      for (i = 1; i <= n; i++) {
        name = (keys[i] == "PageTables" ? "PGTABLES" : toupper(keys[i])) "_KB"
        print "Total" keys[i], (name in at ? sum[name] + 0 : "no column " name)
      }
    }' "$1"
}

# totals FILE: the same keys of a copy of summary.
totals() {
  awk '/^Total/ && $3 == "kB" { sub(":", "", $1); print $1, $2 }' "$1"
}

# assert_rows FILE PID...: these rows equal the kernel's own files.
assert_rows() {
  local found
  found=$(differences "$@")
  [[ -z $found ]] || fail "rows differ from /proc/PID:" "$found"
}
