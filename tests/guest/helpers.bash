# Shared by the tests in the guest.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

. "${BASH_SOURCE[0]%/*}/common.bash"

# bats notes the stack before each command, to know the line of a command that fails. In
# an emulated guest that takes 5 ms each, more than most commands. So note it only when
# a command fails. The result is the same, except for a command that ends the shell.
if bats_is_known; then
  bats_debug_trap() {
    trap - DEBUG
  }
  bats_error_trap() {
    bats_check_status_from_trap
    [[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || bats_capture_stack_trace
    BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
  }
fi

pids=/proc/tamalloc/pids
summary=/proc/tamalloc/summary
counters=/sys/kernel/mm/tamalloc

# has_call: whether this kernel has the call, and not the two files alone.
has_call() {
  [[ -d $counters ]]
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

# huge_pages MODE: set the mode of transparent huge pages, until
# restore_huge_pages. A real-time kernel has none, which is the mode "never".
thp=/sys/kernel/mm/transparent_hugepage
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

# cgroup_inodes PID...: for each process, its PID and the inode number of the directory
# that /proc/PID/cgroup names in the unified hierarchy; 0 in a kernel without cgroups.
cgroup_inodes() {
  local pid line path last='' inode=''
  for pid; do
    [[ -e /proc/self/cgroup ]] || {
      echo "$pid 0"
      continue
    }
    path=/
    # Without a fork: there may be 10,000 processes.
    while IFS= read -r line; do
      [[ $line != 0::* ]] || path=${line#0::}
    done 2>/dev/null <"/proc/$pid/cgroup" || :
    [[ $path == "$last" ]] || inode=$(stat -c %i "/sys/fs/cgroup$path" 2>/dev/null)
    last=$path
    echo "$pid $inode"
  done
}

# For the given processes, print every field in which FILE, a copy of pids, differs
# from the kernel's own files; nothing if all are equal. The processes must stand still.
differences() {
  local file=$1
  shift
  gawk -v want="$*" -v inodes="$(cgroup_inodes "$@")" '
    function slurp(path,   line, text, first) {
      text = ""; first = 1
      while ((getline line < path) > 0) { text = text (first ? "" : "\n") line; first = 0 }
      close(path)
      return text
    }
    function check(pid, name, actual, expected) {
      if (actual "" != expected "")
        printf "PID %s %s: expected %s, actual %s\n", pid, name, expected, actual
    }
    # "Vm" lines of a status file; a process that never used a kind has none.
    function status(pid,   line, part) {
      delete st
      while ((getline line < ("/proc/" pid "/status")) > 0) {
        # Most of the others are not needed, and among 10,000 processes they cost time.
        if (line !~ /^(Vm|Rss|Uid|Hugetlb|PPid)/) continue
        match(line, /^[^:]*/)
        part = substr(line, RLENGTH + 2)
        sub(/^[ \t]+/, "", part)
        st[substr(line, 1, RLENGTH)] = part
      }
      close("/proc/" pid "/status")
    }
    function kb(name) { return st[name] + 0 }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { row[$(at["PID"])] = $0 }
    END {
      n = split(inodes, list, " ")
      for (k = 1; k < n; k += 2) inode[list[k]] = list[k + 1]
      n = split(want, list, " ")
      for (k = 1; k <= n; k++) {
        pid = list[k]
        if (!(pid in row)) { printf "PID %s: expected a row, actual none\n", pid; continue }
        split(row[pid], f, " ")
        status(pid)
        split(st["Uid"], uids, "\t")
        stat = slurp("/proc/" pid "/stat")
        # The name may hold anything, so count from its closing parenthesis.
        while ((p = index(stat, ")")) > 0) stat = substr(stat, p + 1)
        split(stat, after, " ")
        size = kb("VmSize"); hwm = kb("VmHWM")
        pct = size ? int(hwm * 10000 / size) : 0
        check(pid, "UID", f[at["UID"]], uids[2])
        check(pid, "STARTTIME", f[at["STARTTIME"]], after[20])
        check(pid, "RESERVED_KB", f[at["RESERVED_KB"]], size)
        check(pid, "COMMITTED_KB", f[at["COMMITTED_KB"]], hwm)
        check(pid, "COMMITTED_PCT", f[at["COMMITTED_PCT"]],
          sprintf("%d.%02d", int(pct / 100), pct % 100))
        check(pid, "RSS_KB", f[at["RSS_KB"]], kb("VmRSS"))
        check(pid, "ANON_KB", f[at["ANON_KB"]], kb("RssAnon"))
        check(pid, "FILE_KB", f[at["FILE_KB"]], kb("RssFile"))
        check(pid, "SHMEM_KB", f[at["SHMEM_KB"]], kb("RssShmem"))
        check(pid, "SWAP_KB", f[at["SWAP_KB"]], kb("VmSwap"))
        check(pid, "HUGETLB_KB", f[at["HUGETLB_KB"]], kb("HugetlbPages"))
        check(pid, "PGTABLES_KB", f[at["PGTABLES_KB"]], kb("VmPTE"))
        check(pid, "OOM_SCORE", f[at["OOM_SCORE"]], slurp("/proc/" pid "/oom_score"))
        check(pid, "OOM_SCORE_ADJ", f[at["OOM_SCORE_ADJ"]], slurp("/proc/" pid "/oom_score_adj"))
        check(pid, "PPID", f[at["PPID"]], st["PPid"])
        check(pid, "CGROUP", f[at["CGROUP"]], inode[pid])
        check(pid, "NAME", f[at["NAME"]], slurp("/proc/" pid "/comm"))
      }
    }' "$file"
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
