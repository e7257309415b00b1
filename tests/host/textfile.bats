# The exporter for node_exporter on made-up files: rare contents, and errors.
# tests/guest/agents tests it with the kernel's files.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup_file() {
  sanitized_tools
}

setup() {
  proc=$BATS_TEST_TMPDIR/proc
  sys=$BATS_TEST_TMPDIR/sys
  out=$BATS_TEST_TMPDIR/out
  mkdir -p "$proc/tamalloc" "$sys/kernel/mm/tamalloc" "$out"
  echo "100.25 190.00" >"$proc/uptime"
  printf 'cpu 1 2 3\nbtime 1700000000\n' >"$proc/stat"
  cat >"$proc/tamalloc/summary" <<'TEXT'
Processes:                 5
AddressSpaces:             4
TotalReserved:  4503599627370495 kB
TotalCommitted:         7000 kB
CommittedPct:         102.03 %
TotalRss:               6000 kB
TotalAnon:              3000 kB
TotalFile:              2000 kB
TotalShmem:             1000 kB
TotalSwap:                 8 kB
TotalHugetlb:           2048 kB
TotalPageTables:         100 kB
SomethingNew:              1 kB
TEXT
  # A column that did not exist when this was written, before NAME; names with
  # all that labels have to escape.
  cat >"$proc/tamalloc/pids" <<'TEXT'
 PID UID STARTTIME RESERVED_KB COMMITTED_KB COMMITTED_PCT RSS_KB ANON_KB FILE_KB SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE OOM_SCORE_ADJ NEW NAME
   1   0      28        1000          900         90.00    800     700      60       40       1          0          10         0         -1000   9 init
   7   5     192        2000         1900         95.00   1800    1700      60       40       2          0          20       666             0   9 a\040"b"\134n
   8   5     192        3000         3900        130.00   3800    3700      60       40       2          0          20       700             0   9 \303\244\342\202\254\012\303
   9   5     192         100            9          9.00      8       7       1        0       0          0          20       666             0   9 \000
  10   5     192         100            8          8.00      8       7       1        0       0          0          20       999             0   9 init
TEXT
  for name in "abi_version 1" "calls 18446744073709551615" "failures 2" "reserved_bytes 9007199254740993"; do
    echo "${name#* }" >"$sys/kernel/mm/tamalloc/${name% *}"
  done
}

textfile() {
  "$tools/tamalloc-textfile" --proc "$proc" --sys "$sys" "$@"
}

# assert_line LINE: among those of $output.
assert_line() {
  grep -qxF -- "$1" <<<"$output" || {
    printf 'no such line:\n  expected: %s\n  actual:\n%s\n' "$1" \
      "$(grep -F -- "${1%%[{ ]*}" <<<"$output")" >&2
    return 1
  }
}

@test "textfile: totals in bytes and ratios, without loss" {
  run -0 textfile
  assert_line "tamalloc_processes 5"
  assert_line "tamalloc_address_spaces 4"
  assert_line "tamalloc_reserved_bytes 4611686018427386880"
  assert_line "tamalloc_committed_ratio 1.0203"
  assert_line "tamalloc_hugetlb_bytes 2097152"
  assert_line "tamalloc_page_tables_bytes 102400"
  # More digits than a double has are not for awk to count with.
  assert_line "tamalloc_calls_total 18446744073709551615"
  assert_line "tamalloc_call_reserved_bytes_total 9007199254740993"
  assert_line "tamalloc_call_failures_total 2"
  assert_line "tamalloc_abi_version 1"
}

@test "textfile: names are summed up, and are labels of valid UTF-8" {
  run -0 textfile
  assert_line "tamalloc_names 4"
  assert_line 'tamalloc_name_processes{name="init"} 2'
  assert_line 'tamalloc_name_reserved_bytes{name="init"} 1126400'
  assert_line 'tamalloc_name_oom_score_max{name="init"} 999'
  # A space is one; quotes and the backslash are escaped.
  assert_line 'tamalloc_name_rss_bytes{name="a \"b\"\\134n"} 1843200'
  # Characters are themselves; a newline and half a character are not.
  assert_line 'tamalloc_name_rss_bytes{name="ä€\\012\\303"} 3891200'
  assert_line 'tamalloc_name_rss_bytes{name="\\000"} 8192'
  iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
  run -1 iconv -f UTF-8 -t UTF-8 <<<$'\303'
}

@test "textfile: bytes that are not UTF-8 stay escaped" {
  local name label
  # Alone, overlong, a surrogate, beyond the last, a control character, cut.
  for name in '\200' '\301\200' '\340\237\277' '\355\240\200' '\360\217\277\277' \
    '\364\220\200\200' '\365\200\200\200' '\302\205' '\342\202' 'x\177' '\377'; do
    sed -i "\$s|[^ ]*\$|${name//\\/\\\\}|" "$proc/tamalloc/pids"
    run -0 textfile
    assert_line "tamalloc_name_oom_score_max{name=\"${name//\\/\\\\}\"} 999"
  done
  for label in '\302\241=¡' '\337\277=߿' '\340\240\200=ࠀ' '\355\237\277=퟿' '\360\220\200\200=𐀀'; do
    name=${label%%=*}
    sed -i "\$s|[^ ]*\$|${name//\\/\\\\}|" "$proc/tamalloc/pids"
    run -0 textfile
    assert_line "tamalloc_name_oom_score_max{name=\"${label#*=}\"} 999"
  done
}

@test "textfile: the first N names by committed memory, the others as one" {
  run -0 textfile -n 2
  assert_eq 'tamalloc_name_committed_bytes{name="ä€\\012\\303"} 3993600
tamalloc_name_committed_bytes{name="a \"b\"\\134n"} 1945600
tamalloc_name_committed_bytes{name="(all other names)"} 939008' \
    "$(grep '^tamalloc_name_committed' <<<"$output")" "names"
  assert_line 'tamalloc_name_processes{name="(all other names)"} 3'
  assert_line 'tamalloc_name_oom_score_max{name="(all other names)"} 999'
  run -0 textfile --names=2
  assert_line 'tamalloc_name_processes{name="(all other names)"} 3'
  run -0 textfile --names 0
  assert_eq 'tamalloc_name_processes{name="(all other names)"} 5' \
    "$(grep '^tamalloc_name_processes' <<<"$output")" "names"
  # As many as there are leave no others.
  run -0 textfile -n 4
  [[ $output != *"(all other names)"* ]]
}

@test "textfile: processes of their own only where asked for" {
  run -0 textfile
  [[ $output != *tamalloc_process_* ]]
  run -0 textfile --pids
  assert_line 'tamalloc_process_rss_bytes{pid="7",uid="5",name="a \"b\"\\134n"} 1843200'
  assert_line 'tamalloc_process_committed_ratio{pid="8",uid="5",name="ä€\\012\\303"} 1.3000'
  assert_line 'tamalloc_process_oom_score_adj{pid="1",uid="0",name="init"} -1000'
  assert_line 'tamalloc_process_start_time_seconds{pid="7",uid="5",name="a \"b\"\\134n"} 1700000001.92'
  assert_eq 65 "$(grep -c '^tamalloc_process_' <<<"$output")" "13 series for each of 5 processes"
}

@test "textfile: the counters are left out where the call is not in the kernel" {
  rm -r "$sys/kernel"
  run -0 textfile
  [[ $output != *_total* && $output != *abi_version* ]]
  assert_line "tamalloc_processes 5"
}

@test "textfile: a file is replaced in one step, with nothing beside it" {
  local before
  echo old >"$out/tamalloc.prom"
  before=$(stat -c %i "$out/tamalloc.prom")
  run -0 textfile "$out/tamalloc.prom"
  assert_eq "" "$output" "output"
  [[ $(stat -c %i "$out/tamalloc.prom") != "$before" ]]
  assert_eq "644 tamalloc.prom" "$(cd "$out" && stat -c '%a %n' -- *)" "files"
  output=$(<"$out/tamalloc.prom") assert_line "tamalloc_processes 5"
  # A name without a directory is one in the present directory.
  cd "$out"
  run -0 textfile here.prom
  [[ -s here.prom ]]
  run -0 textfile -- -n.prom
  [[ -s ./-n.prom ]]
}

# refuses STATUS MESSAGE ARGUMENT...: one line, that status, the file as it was.
refuses() {
  local status=$1 message=$2
  shift 2
  echo old >"$out/tamalloc.prom"
  run "-$status" textfile "$@"
  assert_eq "tamalloc-textfile: error: $message" "$output" "message"
  assert_eq "tamalloc.prom" "$(ls -A "$out")" "files"
  assert_eq old "$(<"$out/tamalloc.prom")" "the file"
}

@test "textfile: no lock of somebody else makes it wait" {
  local lock
  flock "$out" sleep 600 3>&- &
  lock=$!
  retry 100 eval "! flock -n $out true"
  run -0 timeout 60 "$tools/tamalloc-textfile" --proc "$proc" --sys "$sys" "$out/x.prom"
  kill "$lock"
  assert_eq x.prom "$(ls -A "$out")" files
}

@test "textfile: many at once, and over what others left, each replaces the file" {
  local i pids=() lock
  for ((i = 0; i < 40; i++)); do
    textfile "$out/x.prom" 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    wait "$i" || fail "one of 40 at once ended with status $?"
  done
  # A link to a file of somebody else, and one that anybody could lock
  echo theirs >"$BATS_TEST_TMPDIR/theirs"
  ln -s "$BATS_TEST_TMPDIR/theirs" "$out/.x.prom.tmp"
  run -0 textfile "$out/x.prom"
  echo left >"$out/.x.prom.tmp"
  flock "$out/.x.prom.tmp" sleep 600 3>&- &
  lock=$!
  retry 100 eval "! flock -n $out/.x.prom.tmp true"
  run -0 timeout 60 "$tools/tamalloc-textfile" --proc "$proc" --sys "$sys" "$out/x.prom"
  kill "$lock"
  assert_eq theirs "$(<"$BATS_TEST_TMPDIR/theirs")" "the file that was linked to"
  assert_eq x.prom "$(ls -A "$out")" files
  output=$(<"$out/x.prom") assert_line "tamalloc_processes 5"
}

@test "textfile: without the kernel's files, one line and status 2" {
  local file
  for file in summary pids; do
    mv "$proc/tamalloc/$file" "$BATS_TEST_TMPDIR/away"
    refuses 2 "there is no $proc/tamalloc/$file; load the module (modprobe tamalloc), boot a kernel with CONFIG_PROC_TAMALLOC, or mount /proc without subset=pid" \
      "$out/tamalloc.prom"
    mv "$BATS_TEST_TMPDIR/away" "$proc/tamalloc/$file"
  done
}

@test "textfile: files that are not as they should be leave the old figures" {
  sed -i 's/TotalSwap/TotalSwop/' "$proc/tamalloc/summary"
  refuses 1 "$proc/tamalloc/summary has no TotalSwap" "$out/tamalloc.prom"
  sed -i 's/TotalSwop/TotalSwap/' "$proc/tamalloc/summary"
  sed -i '1s/SWAP_KB/SWOP_KB/' "$proc/tamalloc/pids"
  refuses 1 "$proc/tamalloc/pids has no column SWAP_KB" "$out/tamalloc.prom"
  sed -i '1s/SWOP_KB/SWAP_KB/' "$proc/tamalloc/pids"
  echo " 1 2 3" >>"$proc/tamalloc/pids"
  refuses 1 "$proc/tamalloc/pids has a row that does not fit its header:  1 2 3" "$out/tamalloc.prom"
  sed -i '$d' "$proc/tamalloc/pids"
  echo many >"$sys/kernel/mm/tamalloc/calls"
  refuses 1 "$sys/kernel/mm/tamalloc/calls holds \"many\", no number" "$out/tamalloc.prom"
}

@test "textfile: a place that cannot be written to is named" {
  refuses 1 "there is no directory $out/none/; node_exporter's is /var/lib/prometheus/node-exporter in Debian" \
    "$out/none/tamalloc.prom"
  refuses 1 "$out is a directory; name a file in it, such as $out/tamalloc.prom" "$out"
  # What is no regular file stays what it is.
  local name
  ln -s "$out/tamalloc.prom" "$BATS_TEST_TMPDIR/link"
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for name in link fifo; do
    refuses 1 "$BATS_TEST_TMPDIR/$name is no regular file, and would be replaced by one" "$BATS_TEST_TMPDIR/$name"
  done
  [[ -L $BATS_TEST_TMPDIR/link && -p $BATS_TEST_TMPDIR/fifo ]]
}

@test "textfile: what cannot be written whole leaves the file as it was" {
  local new=.tamalloc.prom.tmp
  # As on a full disk. The temporary file has room for a part.
  # shellcheck disable=SC2016  # for the other shell
  refusing() { run -1 bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' sh "$tools/tamalloc-textfile" \
    --proc "$proc" --sys "$sys" "$out/tamalloc.prom"; }
  echo old >"$out/tamalloc.prom"
  refusing
  assert_eq "tamalloc-textfile: error: cannot write $new beside $out/tamalloc.prom, which is as it was: File too large" \
    "$output" "message"
  assert_eq "tamalloc.prom" "$(ls -A "$out")" "files"
  assert_eq old "$(<"$out/tamalloc.prom")" "the file"
  run -1 bash -c '"$@" >/dev/full' sh "$tools/tamalloc-textfile" --proc "$proc" --sys "$sys"
  assert_eq "tamalloc-textfile: error: cannot write: No space left on device" "$output" "message"
  # What a killed run has left is in nobody's way, and is cleared.
  echo half >"$out/$new"
  run -0 textfile "$out/tamalloc.prom"
  assert_eq "tamalloc.prom" "$(ls -A "$out")" "files"
  [[ $(tail -n 1 "$out/tamalloc.prom") == "tamalloc_textfile_duration_seconds "* ]]
}

@test "textfile: neighbours of one name and user are summed up as others are" {
  local apart
  sed -i '2,$s/ [^ ]*$/ worker/; $s/worker$/other/' "$proc/tamalloc/pids"
  run -0 textfile
  # Four, of which three come one after the other with one user.
  assert_line 'tamalloc_name_processes{name="worker"} 4'
  assert_line "tamalloc_name_rss_bytes{name=\"worker\"} $(((800 + 1800 + 3800 + 8) * 1024))"
  assert_line 'tamalloc_name_oom_score_max{name="worker"} 700'
  assert_line 'tamalloc_user_processes{uid="5",user="games"} 4'
  assert_line "tamalloc_user_committed_bytes{uid=\"5\",user=\"games\"} $(((1900 + 3900 + 9 + 8) * 1024))"
  apart=$(grep -v duration <<<"$output")
  # The same rows, so that none follows one like it.
  { sed -n '1p;3p;2p;4p;6p;5p' "$proc/tamalloc/pids"; } >"$BATS_TEST_TMPDIR/pids"
  mv "$BATS_TEST_TMPDIR/pids" "$proc/tamalloc/pids"
  run -0 textfile
  assert_eq "$(sort <<<"$apart")" "$(grep -v duration <<<"$output" | sort)" "figures of the same rows in another order"
}

@test "textfile: per user and per control group, each bounded" {
  sed -i 's/ NEW NAME/ NEW PPID CGROUP NAME/; 2,$s/ 9 \([^ ]*\)$/ 9 0 5 \1/; $s/ 5 \([^ ]*\)$/ 6 \1/' "$proc/tamalloc/pids"
  mkdir "$proc/7" "$proc/10"
  echo "7 (a b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 192 1" >"$proc/7/stat"
  echo "0::/a b\"c" >"$proc/7/cgroup"
  run -0 textfile
  assert_line "tamalloc_users 2"
  assert_line "tamalloc_cgroups 2"
  assert_line 'tamalloc_user_processes{uid="5",user="games"} 4'
  assert_line 'tamalloc_user_rss_bytes{uid="0",user="root"} 819200'
  assert_line 'tamalloc_cgroup_processes{cgroup="/a b\"c"} 4'
  assert_line 'tamalloc_cgroup_processes{cgroup="#6"} 1'
  run -0 textfile --users 1 --cgroups=0
  assert_line 'tamalloc_user_processes{uid="",user="(all other users)"} 1'
  assert_line 'tamalloc_cgroup_committed_bytes{cgroup="(all other cgroups)"} 6878208'
  assert_line 'tamalloc_cgroup_oom_score_max{cgroup="(all other cgroups)"} 999'
  # Neither more nor fewer than the sums say.
  assert_eq "11 22" "$(grep -c '^tamalloc_cgroup_' <<<"$output") $(grep -c '^tamalloc_user_' <<<"$output")" "series"
}

@test "textfile: figures up to 2^64-1 kB, in bytes" {
  sed -i '2s/ 1000 / 18446744073709551615 /' "$proc/tamalloc/pids"
  run -0 textfile -n 1 --pids
  assert_line 'tamalloc_process_reserved_bytes{pid="1",uid="0",name="init"} 18889465931478580853760'
  assert_line 'tamalloc_name_reserved_bytes{name="(all other names)"} 18889465931478580853760'
  assert_line 'tamalloc_process_reserved_bytes{pid="7",uid="5",name="a \"b\"\\134n"} 2048000'
}

@test "textfile: a read that fails leaves the old figures" {
  command -v strace >/dev/null || skip "there is no strace"
  echo old >"$out/tamalloc.prom"
  # LeakSanitizer does not go with strace.
  ASAN_OPTIONS=detect_leaks=0 run -1 strace -qq -o "$BATS_TEST_TMPDIR/trace" -P "$proc/tamalloc/pids" -e trace=pread64 \
    -e inject=pread64:error=EIO:when=2 "$tools/tamalloc-textfile" --proc "$proc" --sys "$sys" "$out/tamalloc.prom"
  assert_eq "tamalloc-textfile: error: cannot read $proc/tamalloc/pids: Input/output error" "$output" "message"
  assert_eq "old tamalloc.prom" "$(<"$out/tamalloc.prom") $(ls -A "$out")" "the file"
}

@test "textfile: a reader that leaves early is no reason for noise" {
  local pipe=$BATS_TEST_TMPDIR/pipe rc=0
  mkfifo "$pipe"
  # Opened and closed again, before anything is written.
  : <"$pipe" &
  {
    wait "$!"
    textfile --pids >&4 2>"$BATS_TEST_TMPDIR/err" || rc=$?
  } 4>"$pipe"
  assert_eq "" "$(<"$BATS_TEST_TMPDIR/err")" "standard error"
  assert_eq 141 "$rc" "status"
}

@test "textfile: arguments that make no sense are refused" {
  refuses 1 "unknown option --all; see --help" --all "$out/tamalloc.prom"
  refuses 1 "'ten' is no number of names; see --help" -n ten "$out/tamalloc.prom"
  refuses 1 "unknown option -x; see --help" -pxp "$out/tamalloc.prom"
  refuses 1 "FILE is empty; see --help" ""
  refuses 1 "--names needs a value; see --help" --names
  refuses 1 "there is one FILE at most, after the options; see --help" "$out/tamalloc.prom" "$out/b.prom"
  run -0 textfile --help
  assert_eq "Usage: tamalloc-textfile [OPTION...] [FILE]" "${lines[0]}" "first line"
}
