# tamstat on files that stand still: its output is compared with the results of Python, jq
# and the shell. tests/guest/tools/310-tamstat.bats tests it with the real files.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup_file() {
  sanitized_tools
  mkdir "$BATS_FILE_TMPDIR/names"
  oracle names 3000 >"$BATS_FILE_TMPDIR/names/pids"
  cp "$top/tests/host/tamstat/summary" "$BATS_FILE_TMPDIR/names/"
}

setup() {
  tamstat=$tools/tamstat
  files=$top/tests/host/tamstat
  names=$BATS_FILE_TMPDIR/names
  unset COLUMNS LC_ALL LC_CTYPE LANG
  export TAMSTAT_PROC=$files LC_ALL=C.UTF-8
  servers=0
  socket=
  preload=
}

teardown() {
  [[ -z $socket ]] || tmux -L "$socket" kill-server 2>/dev/null || true
}

oracle() {
  /usr/bin/python3 "$top/tests/host/tamstat.py" "$@"
}

# ends STATUS ARGUMENT...: run tamstat, which must end with STATUS. Its output is in the
# file out, with the last byte.
ends() {
  local status_=$1
  out=$BATS_TEST_TMPDIR/out
  shift
  rc=0
  LD_PRELOAD=$preload "$tamstat" "$@" >"$out" 2>"$out.err" || rc=$?
  assert_eq "$status_" "$rc" "status of tamstat $* ($(head -n 3 "$out.err"))"
  cat "$out.err" >>"$out"
}

@test "tamstat: a table with human units, the largest first" {
  ends 0
  assert_eq '    PID USER   RESERVED COMMITTED    PCT  RSS ANON FILE SHMEM SWAP HUGETLB PGTABLES  OOM NAME
4194303 root        16T      9.8T  61.03 977G 954G 977M   22G 977M    1.0G     8.0G 1333 postgres: wri
     71 root       2.5G      734M  29.18 728M 727M 300K  700K    0       0     1.5M  801 Web "Content",
     70 daemon     1.0G       10M   0.97 9.0M 8.8M  16K  200K 512K    2.0M     104K  668 sleep
      1 root       3.8M      2.9M  75.99 2.9M 280K   4K  2.6M    0       0      48K    0 init
     65 root       2.2M      1.6M  70.79 1.6M  60K   4K  1.5M    0       0      36K  666 busybox
     69 daemon     2.4M      1.4M  55.85 1.4M 100K   4K  1.3M    0       0      44K  666 sleep
     72 nobody     2.4M      2.9M 120.00 800K  60K  40K  700K  12K       0      44K  666 ét\377\302\233\134a
  12345 424242      10K         0   0.00    0    0    0     0    0       0        0    0 \000' "$(<"$out")" "table"
}

@test "tamstat: -k has the numbers and names of the file" {
  ends 0 -k
  assert_eq "$(awk '{ print $1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 }' "$files/pids" | sort)" \
    "$(awk '{ print $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 }' "$out" | sort)" "numbers"
}

@test "tamstat: human units agree with numfmt within their digits" {
  local kb human
  mkdir "$BATS_TEST_TMPDIR/proc"
  cp "$files/summary" "$BATS_TEST_TMPDIR/proc/"
  for kb in 0 1 9 10 99 100 999 1000 1023 1024 1025 10188 10189 10240 102399 999999 1000000 1048575 1048576 \
    10737418240 999999999999 1099511627776; do
    awk -v kb="$kb" 'NR == 1 { print } NR == 2 { $7 = kb; print }' "$files/pids" >"$BATS_TEST_TMPDIR/proc/pids"
    TAMSTAT_PROC=$BATS_TEST_TMPDIR/proc ends 0 -o rss
    human=$(tail -n 1 "$out" | tr -d ' ')
    ((${#human} <= 4)) || fail "$kb kB: more than four characters: $human"
    # Half a unit of the last digit: a tenth below 10, else one.
    awk -v kb="$kb" -v back="$(numfmt --from=iec "$human")" -v human="$human" 'BEGIN {
      unit = index(human, ".") ? 0.05 : 0.5
      last = substr(human, length(human)); scale = 1
      for (i = 1; i <= index("KMGTPE", last); i++) scale *= 1024
      off = back - kb * 1024; if (off < 0) off = -off
      exit !(off <= unit * scale * 1.01) }' || fail "$kb kB: $human"
  done
}

@test "tamstat: -s sorts by every column, -r the other way, ties by PID" {
  local column expected
  for column in $(head -n 1 "$files/pids") UNTOUCHED_KB; do
    expected=$(oracle order "$files/pids" "$column")
    ends 0 -s "$column" -o pid
    assert_eq "$expected" "$(tail -n +2 "$out" | tr -d ' ')" "PIDs by $column"
    # In any case, and without the unit.
    ends 0 -o pid -s "$(tr '[:upper:]' '[:lower:]' <<<"${column%_KB}")"
    assert_eq "$expected" "$(tail -n +2 "$out" | tr -d ' ')" "PIDs by ${column,,}"
  done
  ends 0 -s name -o pid -r
  assert_eq "$(oracle order "$files/pids" NAME | tac | paste -sd' ' | sed 's/70 69/69 70/')" \
    "$(tail -n +2 "$out" | tr -d ' ' | paste -sd' ')" "PIDs by NAME, reversed"
  ends 0 -rs rss -o pid
  assert_eq "$(oracle order "$files/pids" RSS_KB | tac)" "$(tail -n +2 "$out" | tr -d ' ')" "PIDs by RSS_KB, reversed"
  TAMSTAT_PROC=$names ends 0 -s name -o pid
  assert_eq "$(oracle order "$names/pids" NAME)" "$(tail -n +2 "$out" | tr -d ' ')" "PIDs by 3000 names"
}

@test "tamstat: short names of columns" {
  local short
  for short in res=reserved_kb com=committed_kb pct=committed_pct huge=hugetlb_kb pgt=pgtables_kb \
    oom=oom_score adj=oom_score_adj start=starttime; do
    ends 0 -s "${short%=*}" -o "pid,${short%=*}" -k
    assert_eq "PID $(tr '[:lower:]' '[:upper:]' <<<"${short#*=}")" "$(head -n 1 "$out" | xargs)" "header"
    assert_eq "$(oracle order "$files/pids" "$(tr '[:lower:]' '[:upper:]' <<<"${short#*=}")")" \
      "$(tail -n +2 "$out" | awk '{ print $1 }')" "PIDs by ${short%=*}"
  done
}

@test "tamstat: users sort by their names, or by their numbers where these are shown" {
  ends 0 -s user -o pid,user
  assert_eq "12345 424242 69 daemon 70 daemon 72 nobody 1 root 65 root 71 root 4194303 root" \
    "$(tail -n +2 "$out" | xargs)" "PIDs and users"
  ends 0 --numeric -s user -o pid,user
  assert_eq "12345 424242 72 65534 69 1 70 1 1 0 65 0 71 0 4194303 0" "$(tail -n +2 "$out" | xargs)" "PIDs and numbers"
}

@test "tamstat: -n, -p and -u choose" {
  ends 0 -n 2 -o pid
  assert_eq "PID 4194303 71" "$(xargs <"$out")" "-n 2"
  ends 0 -p 1,70 -p 65 -o pid
  assert_eq "PID 70 1 65" "$(xargs <"$out")" "-p"
  ends 0 -p "69 72" -p0070 -o pid
  assert_eq "PID 70 69 72" "$(xargs <"$out")" "-p with spaces and zeros"
  ends 0 -u daemon,65534 -u 424242 -o pid
  assert_eq "PID 70 69 72 12345" "$(xargs <"$out")" "-u"
  ends 0 -u 0 -p 1,69 -o pid
  assert_eq "PID 1" "$(xargs <"$out")" "-u and -p"
}

@test "tamstat: -c matches as the shell does" {
  local pattern pid name expected
  local -a named
  # shellcheck disable=SC2016
  local patterns=('*' '?' '??' 'a*' '*a' '*[abc]*' '[!a-z]*' '[^a-z]*' '*\\*' '*"*' "*'*" '[]]' '[]a]*' '[a-]'
    '[-a]*' '\*' '\a' '[\]]' '[!]]' '*[[:space:]]*' '[[:upper:][:digit:]]*' '*[![:print:]]*' '$(id)*' '*$(id)*'
    '.' '.*' '+' '(' ')' '{' '}' '|' '^' '$' '/' '[' '[a' ']' '[[]' '[$-(]' '*,*' '' ' ' '* *' $'\303\251'
    $'*\303*' $'[\200-\277]*' '*X?' 'a?b*' '***a***' '[z-a]' '\[' '=1+1' '[![:alnum:]]' '*[a\-z]*' '~')
  head -n 320 "$names/pids" >"$BATS_TEST_TMPDIR/pids"
  cp "$names/summary" "$BATS_TEST_TMPDIR/"
  while read -r pid name; do
    [[ $name != '\000' ]] || name=''
    # Each backslash stands before three octal digits, to which %b wants a 0.
    printf -v "named[$pid]" %b "${name//\\/\\0}"
  done < <(awk 'NR > 1 { print $1, $NF }' "$BATS_TEST_TMPDIR/pids")
  for pattern in "${patterns[@]}"; do
    expected=$(
      LC_ALL=C
      for pid in "${!named[@]}"; do
        # shellcheck disable=SC2254  # a pattern it is
        case ${named[pid]} in
          $pattern) echo "$pid" ;;
        esac
      done
    )
    rc=0
    [[ -n $expected ]] || rc=1
    TAMSTAT_PROC=$BATS_TEST_TMPDIR ends "$rc" -c "$pattern" -s pid -r -o pid
    assert_eq "$expected" "$(tail -n +2 "$out" | tr -d ' ')" "PIDs for the pattern $pattern"
  done
  ends 0 -c init -c 'Web*' -o pid
  assert_eq "PID 71 1" "$(xargs <"$out")" "two patterns"
}

@test "tamstat: --by adds up per name and per user" {
  local file
  for file in "$files" "$names"; do
    TAMSTAT_PROC=$file ends 0 --by user --csv
    assert_eq "$(oracle by "$file/pids" UID | LC_ALL=C sort)" \
      "$(tail -n +2 "$out" | awk -F, '{ printf "%s", $1; for (i = 3; i <= NF; i++) printf " %s", i == 13 ? int($i * 100 + 0.5) : $i; print "" }' |
        LC_ALL=C sort)" "sums per user"
    TAMSTAT_PROC=$file ends 0 --by name --json
    assert_eq "$(oracle by "$file/pids" NAME | LC_ALL=C sort)" "$(jq -r '.[] | [.NAME_ESCAPED, .PROCESSES, .RESERVED_KB, .COMMITTED_KB,
      .RSS_KB, .ANON_KB, .FILE_KB, .SHMEM_KB, .SWAP_KB, .HUGETLB_KB, .PGTABLES_KB, (.COMMITTED_PCT * 100 | round),
      .OOM_SCORE] | join(" ")' "$out" | LC_ALL=C sort)" \
      "sums per name"
  done
}

@test "tamstat: --by sorts by count, user and name" {
  ends 0 --by name -s procs -n 1 -o procs,name
  assert_eq "PROCS NAME 2 sleep" "$(xargs <"$out")" "most processes"
  ends 0 --by user -s user -o user
  assert_eq "USER 424242 daemon nobody root" "$(xargs <"$out")" "users"
  ends 0 --by name -s name -r -n 2 -o name
  assert_eq 'NAME|ét\377\302\233\134a|sleep' "$(paste -sd'|' "$out")" "names"
  ends 0 --by user -s untouched -o untouched,user -k -p 70,69
  assert_eq "UNTOUCHED_KB USER 1039436 daemon" "$(xargs <"$out")" "untouched"
}

@test "tamstat: --json is valid for any name, and tells them apart" {
  TAMSTAT_PROC=$names ends 0 --json
  jq -e 'length == 3000' "$out" >/dev/null
  assert_eq "$(oracle codepoints "$names/pids")" \
    "$(jq -r 'sort_by(.PID)[] | [.PID, (.NAME | explode[])] | join(" ")' "$out")" "names"
  assert_eq "$(awk 'NR > 1 { print $1, $2, $3, $4, $5, $7, $8, $14, $15, $16 }' "$names/pids")" \
    "$(jq -r 'sort_by(.PID)[] | [.PID, .UID, .STARTTIME, .RESERVED_KB, .COMMITTED_KB, .RSS_KB, .ANON_KB,
      .OOM_SCORE, .OOM_SCORE_ADJ, .NAME_ESCAPED] | join(" ")' "$out")" "columns"
  # As written: jq would take more than JSON allows.
  iconv -f UTF-8 -t UTF-8 "$out" >/dev/null || fail "no valid UTF-8"
  ! LC_ALL=C grep -q '[[:cntrl:]]' "$out" || fail "control characters"
  assert_eq daemon "$(jq -r '.[] | select(.UID == 1) | .USER' "$out" | sort -u)" USER
}

@test "tamstat: --csv is valid for any name, and tells them apart" {
  TAMSTAT_PROC=$names ends 0 --csv -s pid -r
  assert_eq "$(oracle codepoints "$names/pids")" "$(oracle csv "$names/pids" <"$out")" "names"
}

@test "tamstat: a reader of CSV and one of JSON notice what is wrong [control]" {
  run ! oracle csv "$files/pids" <<<$'PID,NAME\n1,"a"b"'
  run ! jq -e . <<<'[{"NAME":"a"b"}]'
}

@test "tamstat: the table is safe on a terminal, in UTF-8 and without" {
  local columns
  TAMSTAT_PROC=$names ends 0
  oracle screen 0 <"$out"
  grep -q 'é' "$out" || fail "no UTF-8 in it"
  TAMSTAT_PROC=$names LC_ALL=C ends 0
  oracle screen 0 <"$out"
  ! LC_ALL=C grep -q '[^ -~]' "$out" || fail "more than ASCII in it"
  run ! oracle screen 0 <<<$'\e[31m'
}

@test "tamstat: a table fits any width, NAME last, and keeps what it is sorted by" {
  local columns
  for columns in 1 5 20 33 40 60 79 80 81 100 120 200; do
    COLUMNS=$columns TAMSTAT_PROC=$names ends 0 -s shmem -n 400
    oracle screen "$columns" <"$out"
    ((columns < 20)) || grep -q SHMEM <(head -n 1 "$out") || fail "$columns columns: no SHMEM"
    ((columns < 33)) || [[ $(head -n 1 "$out") == *" NAME" ]] || fail "$columns columns: NAME is not the last"
  done
  COLUMNS=80 ends 0
  assert_eq "PID USER RESERVED COMMITTED PCT RSS ANON SWAP OOM NAME" "$(head -n 1 "$out" | xargs)" "80 columns"
  COLUMNS=30 ends 0 --by user
  assert_eq "USER" "$(head -n 1 "$out" | awk '{ print $1 }')" "the first column of --by user"
  # What was asked for stays, and is cut.
  COLUMNS=20 ends 0 -o pid,shmem,hugetlb,name -n 1
  assert_eq "    PID SHMEM HUGET+|4194303   22G    1.+" "$(paste -sd'|' "$out")" "-o in 20 columns"
}

@test "tamstat: columns are found by name, wherever they stand" {
  local proc=$BATS_TEST_TMPDIR/proc form
  mkdir "$proc"
  cp "$files/summary" "$proc/"
  # In reverse order, except NAME, with two unknown columns.
  awk '{ printf "%s ", NR == 1 ? "PSS_KB" : NR * 100; for (i = NF - 1; i; i--) printf "%s ", $i
    print NR == 1 ? "STATE" : "s" 9 - NR, $NF }' "$files/pids" >"$proc/pids"
  for form in "" "-k" "--by user" "--by name" "-s oom -r" "-u root" "-c sleep" \
    "--csv -o pid,user,rss,name_escaped"; do
    # shellcheck disable=SC2086  # words
    ends 0 $form
    cp "$out" "$out.straight"
    # shellcheck disable=SC2086
    TAMSTAT_PROC=$proc ends 0 $form
    [[ $form == --by* ]] || diff "$out.straight" "$out" || fail "tamstat $form"
  done
  TAMSTAT_PROC=$proc ends 0 -s pss -n 2
  assert_eq "$(tail -n 2 "$proc/pids" | awk '{ print $(NF - 2), $1 / 100 * 100 "K" }' | sort -r)" \
    "$(awk 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { print $1, $c["PSS"] }' "$out" | sort -r)" "by PSS_KB"
  TAMSTAT_PROC=$proc ends 0 -s state -n 3 -o state
  assert_eq "STATE s0 s1 s2" "$(xargs <"$out")" "by STATE"
  TAMSTAT_PROC=$proc ends 0 --json
  assert_eq '"s7" 200' "$(jq -r '.[] | select(.PID == 1) | "\(.STATE | tojson) \(.PSS_KB)"' "$out")" "new columns in JSON"
}

# keys: what JSON says of the first row, as it stands; jq drops one of two equal keys.
keys() {
  sed -n '2s/,*$//p' "$out" | tr -d '{}"' | tr , ' '
}

@test "tamstat: columns that a newer kernel names like its own are shown as they are" {
  local title own="PROCESSES DEPTH WAS WAS_KB GROWTH GROWTH_KB USER UNTOUCHED_KB TOTAL_KB ARGS PSS_KB USS_KB CGROUP_PATH NAME_ESCAPED"
  # With figures from 900 on, in the order of these names
  pids_with "1 0 1 10 4 40.00 3 1 0 0 0 0 0 5 0 0 1 $(seq -s ' ' 900 913) init" \
    "2 0 2 10 4 40.00 2 1 0 0 0 0 0 5 0 1 1 $(seq -s ' ' 800 813) init"
  sed -i "1s/NAME\$/$own NAME/" "$proc/tamalloc/pids"
  awk 'NR > 1 { $7 = 1 } { print }' "$proc/tamalloc/pids" >"$BATS_TEST_TMPDIR/old"
  ends 0 --proc "$proc" --json
  assert_eq "PID:1 UID:0 :USER:root STARTTIME:1 RESERVED_KB:10 COMMITTED_KB:4 COMMITTED_PCT:40.00 RSS_KB:3 ANON_KB:1 FILE_KB:0 SHMEM_KB:0 SWAP_KB:0 HUGETLB_KB:0 PGTABLES_KB:0 OOM_SCORE:5 OOM_SCORE_ADJ:0 PPID:0 CGROUP:1 PROCESSES:900 DEPTH:901 WAS:902 WAS_KB:903 GROWTH:904 GROWTH_KB:905 USER:906 UNTOUCHED_KB:907 TOTAL_KB:908 ARGS:909 PSS_KB:910 USS_KB:911 CGROUP_PATH:912 NAME_ESCAPED:913 NAME:init :NAME_ESCAPED:init" \
    "$(keys)" "rows"
  ends 0 --proc "$proc" --tree --json -o "${own// /,},:processes,:depth,:total,:untouched_kb"
  assert_eq "PROCESSES:900 DEPTH:901 WAS:902 WAS_KB:1706 GROWTH:904 GROWTH_KB:1710 USER:906 UNTOUCHED_KB:1714 TOTAL_KB:1716 ARGS:909 PSS_KB:1720 USS_KB:1722 CGROUP_PATH:912 NAME_ESCAPED:913 :PROCESSES:2 :DEPTH:0 :TOTAL_KB:5 :UNTOUCHED_KB:12" \
    "$(keys)" "tree"
  ends 0 --proc "$proc" --by name --json
  assert_eq "PROCESSES:2 RESERVED_KB:20 COMMITTED_KB:8 RSS_KB:5 ANON_KB:2 FILE_KB:0 SHMEM_KB:0 SWAP_KB:0 HUGETLB_KB:0 PGTABLES_KB:0 WAS_KB:1706 GROWTH_KB:1710 UNTOUCHED_KB:1714 TOTAL_KB:1716 PSS_KB:1720 USS_KB:1722 COMMITTED_PCT:40.00 OOM_SCORE:5 NAME:init NAME_ESCAPED:init" \
    "$(keys)" "sums"
  ends 0 --proc "$proc" --since "$BATS_TEST_TMPDIR/old" --json
  assert_eq "PID:1 UID:0 USER:root STARTTIME:1 WAS_KB:1 RSS_KB:3 GROWTH_KB:2 NAME:init NAME_ESCAPED:init" "$(keys)" "growth"
  sed -i '2s/ 903 / 900 /' "$BATS_TEST_TMPDIR/old"
  ends 0 --proc "$proc" --since "$BATS_TEST_TMPDIR/old" -s was_kb --csv
  assert_eq ':WAS_KB,WAS_KB,GROWTH_KB|900,903,3' "$(cut -d, -f5-7 "$out" | paste -sd'|')" "growth of WAS_KB"
  for title in $own; do
    ends 0 --proc "$proc" -k -o "$title" -s "$title"
    assert_eq "$title" "$(head -n 1 "$out")" "title"
    (($(sed -n 2p "$out") >= 900)) || fail "$title: $(<"$out")"
  done
  # Its own can always be named like that.
  TAMSTAT_PROC=$files ends 0 --by name -o :processes,:total -n 1 -k
  assert_eq "PROCESSES TOTAL_KB 1 1026048575" "$(xargs <"$out")" "sums of another file"
}

@test "tamstat: -o chooses columns in every form" {
  ends 0 -p 70 -o name,pid,user,untouched
  assert_eq "NAME  PID USER   UNTOUCHED|sleep  70 daemon      1.0G" "$(paste -sd'|' "$out")" "table"
  ends 0 -p 70 -o name,pid,untouched --csv
  assert_eq 'NAME,PID,UNTOUCHED_KB|"sleep",70,1038336' "$(paste -sd'|' "$out")" "CSV"
  ends 0 -p 70 -o name_escaped,pid --json
  assert_eq '[{"NAME_ESCAPED":"sleep","PID":70}]' "$(jq -c . "$out")" "JSON"
  ends 0 -p 70 -o pid,name,PID --json
  assert_eq '[ {"PID":70,"NAME":"sleep"} ]' "$(xargs -d '\n' <"$out")" "JSON, a column twice"
  ends 0 -p 70 -o pid,name,PID
  assert_eq 'PID NAME PID 70 sleep 70' "$(xargs <"$out")" "a table, a column twice"
}

@test "tamstat: --by cgroup --since a file without the column is refused" {
  local proc=$BATS_TEST_TMPDIR/proc
  mkdir -p "$proc/tamalloc"
  awk '{ $NF = (NR == 1 ? "CGROUP" : 1) " " $NF; print }' "$files/pids" >"$proc/tamalloc/pids"
  ends 2 --proc "$proc" --by cgroup --since "$files/pids"
  assert_eq "tamstat: --by cgroup needs the column CGROUP, which the earlier figures lack" "$(<"$out")"
}

@test "tamstat: the total of growth saturates, and a summary is of its form" {
  local proc=$BATS_TEST_TMPDIR/proc line
  mkdir -p "$proc/tamalloc"
  cp "$files/summary" "$proc/tamalloc/"
  awk 'NR <= 3' "$files/pids" | awk 'NR > 1 { $7 = 0 } { print }' >"$BATS_TEST_TMPDIR/old"
  awk 'NR > 1 { $7 = "9223372036854775808" } { print }' "$BATS_TEST_TMPDIR/old" >"$proc/tamalloc/pids"
  ends 0 --proc "$proc" --since "$BATS_TEST_TMPDIR/old" -k --total -o rss,growth,name
  assert_eq "18446744073709551615 +18446744073709551615 (total of 2)" "$(tail -n 1 "$out" | xargs)" "total"
  for line in "A: 007 kB" "A: 01.20 %" $'A: 1 kB\nA: 2 kB' $'A: 1 k\033[31mB' $'A: 1 kB\r'; do
    printf '%s\n' "$line" >"$proc/tamalloc/summary"
    ends 2 --proc "$proc" --summary --json
    assert_eq 1 "$(wc -l <"$out")" "lines about $line"
  done
}

@test "tamstat: a figure that is cut for want of room shows it" {
  COLUMNS=12 ends 0 -k -n 1
  assert_eq "+" "$(tail -n 1 "$out" | tail -c 2)" "end of the row"
  COLUMNS=18446744073709551615 ends 0 -n 1
  assert_eq 14 "$(head -n 1 "$out" | wc -w)" "columns, with room for all"
  COLUMNS=15 ends 0 -o name,pid -n 1
  assert_eq "+" "$(tail -n 1 "$out" | tail -c 2)" "end of the row"
}

@test "tamstat: --since compares by PID and STARTTIME" {
  local old=$BATS_TEST_TMPDIR/old
  # 71 was smaller, 65 larger, 1 as it is, 69 another process, 70 not there; 99 has ended.
  awk '$1 == 71 { $7 = 700000 } $1 == 65 { $7 = 2600 } $1 == 69 { $3 = 1; $7 = 1 } $1 == 70 { $1 = 99 }
    { print }' "$files/pids" >"$old"
  ends 0 --since "$old" -k
  assert_eq "PID USER WAS_KB RSS_KB GROWTH_KB NAME|71 root 700000 745000 +45000 Web \"Content\",|70 daemon - 9216 +9216 sleep|69 daemon - 1392 +1392 sleep|65 root 2600 1600 -1000 busybox" \
    "$(sed 's/^ *//' "$out" | tr -s ' ' | paste -sd'|')" "who grew"
  ends 0 --since="$old" -r -n 1 --json
  assert_eq '[{"PID":65,"UID":0,"USER":"root","STARTTIME":192,"WAS_KB":2600,"RSS_KB":1600,"GROWTH_KB":-1000,"NAME":"busybox","NAME_ESCAPED":"busybox"}]' \
    "$(jq -c . "$out")" "who shrank"
  ends 0 --since "$old" --csv -n 2
  assert_eq '71,0,"root",197,700000,745000,45000,"Web ""Content"",","Web\040""Content"",";70,1,"daemon",194,,9216,9216,"sleep","sleep"' \
    "$(tail -n +2 "$out" | paste -sd';')" "CSV"
  # With sums, those that have ended count.
  ends 0 --since "$old" --by user -k
  assert_eq "USER PROCESSES WAS_KB RSS_KB GROWTH_KB|root 4 1024705587 1024749587 +44000|daemon 2 9217 10608 +1391" \
    "$(tr -s ' ' <"$out" | paste -sd'|')" "per user"
  sed -i 2d "$old"
  ends 0 --since "$old" --by user -s procs --csv
  assert_eq 'UID,USER,WAS,PROCESSES,GROWTH|0,"root",3,4,1' "$(paste -sd'|' "$out")" "processes per user"
  # Nobody knows it of before.
  ends 2 --since "$old" -s uss
  assert_eq "tamstat: USS_KB is not in the earlier figures, so its growth cannot be shown" "$(<"$out")" "USS"
  ends 1 --since "$files/pids"
  assert_eq "PID USER WAS RSS GROWTH NAME" "$(xargs <"$out")" "nothing has changed"
  ends 2 --since "$old" -s start
  # A shell that kept it in a variable has no line feed at the end, an editor
  # two; a name can look like an option.
  ends 0 --since "$old"
  cp "$out" "$out.whole"
  (cd "$BATS_TEST_TMPDIR" && printf %s "$(<"$old")" >-u && cat "$old" - <<<"" >-)
  cd "$BATS_TEST_TMPDIR"
  for old in -u -; do
    ends 0 "--since=$old" </dev/null
    diff "$out.whole" "$out"
  done
}

@test "tamstat: --diff reads twice" {
  local proc=$BATS_TEST_TMPDIR/proc pid
  mkdir "$proc"
  # It waits for each look until somebody writes it.  The second look has a
  # pipe of its own: a writer that comes early cannot join the first.
  mkfifo "$proc/pids" "$proc/second"
  TAMSTAT_PROC=$proc "$tamstat" --diff 0.01 -s anon -k >"$BATS_TEST_TMPDIR/out" 3>&- &
  pid=$!
  exec 4>"$proc/pids"
  mv "$proc/second" "$proc/pids"
  cat "$files/pids" >&4
  exec 4>&-
  awk '$1 == 69 { $8 = 777 } $1 != 1 { print }' "$files/pids" >"$proc/pids"
  wait "$pid"
  assert_eq "PID USER WAS_KB ANON_KB GROWTH_KB NAME 69 daemon 100 777 +677 sleep" \
    "$(xargs <"$BATS_TEST_TMPDIR/out")" "who grew"
}

@test "tamstat: --summary in all forms" {
  ends 0 --summary
  assert_eq "Processes                   8|AddressSpaces               7|TotalReserved             16T" \
    "$(head -n 3 "$out" | paste -sd'|')" "table"
  ends 0 --summary -k
  assert_eq "$(awk '{ $1 = $1; sub(/:/, ""); print }' "$files/summary")" "$(awk '{ $1 = $1; print }' "$out")" "kB"
  ends 0 --summary --json
  assert_eq "$(awk '{ sub(/:/, ""); print $1, $2 }' "$files/summary" | sort)" \
    "$(jq -r 'to_entries[] | "\(.key) \(.value)"' "$out" | sort)" "JSON"
  ends 0 --summary --csv
  assert_eq "$(awk '{ print $2 }' "$files/summary" | paste -sd,)" "$(tail -n 1 "$out")" "CSV"
}

@test "tamstat: wrong usage is one line and status 2" {
  local args
  while IFS='|' read -r args message; do
    # shellcheck disable=SC2086  # words
    ends 2 $args
    assert_eq "tamstat: $message" "$(<"$out")" "tamstat $args"
  done <<'TEXT'
-x|there is no option '-x'; see tamstat --help
--foo|there is no option '--foo'; see tamstat --help
--foo=1|--foo is unknown or takes no value; see tamstat --help
--json=1|--json is unknown or takes no value; see tamstat --help
root|'root' is no option; see tamstat --help
-kx --json=1|there is no option '-x'; see tamstat --help
--by=name -kxr|there is no option '-x'; see tamstat --help
-n|-n needs a value; see tamstat --help
-kn|-n needs a value; see tamstat --help
--diff|--diff needs a value; see tamstat --help
-n x|-n needs a number, not 'x'; see tamstat --help
-n-1|-n needs a number, not '-1'; see tamstat --help
-p 1;2|-p needs process ids, not '1;2'; see tamstat --help
-p ,|-p needs process ids, not ','; see tamstat --help
-u ,|-u needs a user, not ','; see tamstat --help
-o ,,|-o needs a column, not ',,'; see tamstat --help
-s ,|-s needs a column, not ','; see tamstat --help
-u nobody,no-such-user|there is no user 'no-such-user'
-s nix|there is no column "nix" to sort by; there are: pid uid starttime reserved_kb committed_kb committed_pct rss_kb anon_kb file_kb shmem_kb swap_kb hugetlb_kb pgtables_kb oom_score oom_score_adj name untouched_kb total_kb user args pss_kb uss_kb
-o pid,nix|there is no column "nix"; there are: pid uid starttime reserved_kb committed_kb committed_pct rss_kb anon_kb file_kb shmem_kb swap_kb hugetlb_kb pgtables_kb oom_score oom_score_adj name untouched_kb total_kb user args pss_kb uss_kb
--by pid|--by needs name, user or cgroup, not 'pid'; see tamstat --help
--by name -s pid|there is no column "pid" to sort by; there are: processes reserved_kb committed_kb rss_kb anon_kb file_kb shmem_kb swap_kb hugetlb_kb pgtables_kb committed_pct oom_score untouched_kb total_kb name
--diff x|--diff needs a number of seconds, not 'x'; see tamstat --help
--diff 1.2.3|--diff needs a number of seconds, not '1.2.3'; see tamstat --help
--since /etc|cannot read /etc: Is a directory
--since /dev/null|/dev/null is empty
--since /no/such/file|cannot read /no/such/file: No such file or directory
--since /etc/hostname|/etc/hostname has no column PID
--diff 0 -s name|NAME is not a figure, so its growth cannot be shown
--diff 1000 -s nix|there is no column "nix" to sort by; there are: pid uid starttime reserved_kb committed_kb committed_pct rss_kb anon_kb file_kb shmem_kb swap_kb hugetlb_kb pgtables_kb oom_score oom_score_adj name untouched_kb total_kb user args pss_kb uss_kb
--diff 1000 -o nix|there is no column "nix"; there are: pid uid user starttime was_kb rss_kb growth_kb args pss_kb uss_kb name
--diff 1 --since /etc/hostname|--diff and --since exclude each other; see tamstat --help
--watch --json|--watch shows a table, no --json; see tamstat --help
--watch=x|--watch needs a number of seconds, not 'x'; see tamstat --help
--watch 0|--watch needs 0.1 seconds or more, not '0'; see tamstat --help
--watch --diff 1|--watch shows no growth; leave --diff or --since away, and press d there; see tamstat --help
--csv --json|--csv and --json exclude each other; see tamstat --help
--summary -n 1|--summary shows one fixed list; only -k, --csv and --json go with it; see tamstat --help
-c [[:foo:]]|there is no class of characters [:foo:]
TEXT
  ends 2 -o "$(seq -s, -f pid%.0f 65)"
  assert_eq "tamstat: -o takes 64 columns at most; see tamstat --help" "$(<"$out")" "65 columns"
  ends 2 -s $'a\nb\e[31m' -c ''
  assert_eq 'tamstat: there is no column "a?b?[31m" to sort by' "$(grep -o '.*to sort by' "$out")" "control characters"
  assert_eq 1 "$(wc -l <"$out")" "lines"
}

@test "tamstat: files that are not there or not what they should be" {
  local proc=$BATS_TEST_TMPDIR/proc
  TAMSTAT_PROC=$proc ends 2
  assert_eq "tamstat: cannot read $proc/pids: No such file or directory" "$(<"$out")" "no directory"
  mkdir "$proc"
  : >"$proc/pids"
  : >"$proc/summary"
  TAMSTAT_PROC=$proc ends 2
  assert_eq "tamstat: $proc/pids is empty" "$(<"$out")" "empty"
  TAMSTAT_PROC=$proc ends 2 --summary
  assert_eq "tamstat: $proc/summary is empty" "$(<"$out")" "empty summary"
  echo "A B C" >"$proc/pids"
  TAMSTAT_PROC=$proc ends 2
  assert_eq "tamstat: $proc/pids has no column PID" "$(<"$out")" "another file"
  if [[ ! -e /proc/tamalloc ]]; then
    unset TAMSTAT_PROC
    ends 2
    assert_eq "tamstat: there is no /proc/tamalloc/pids; load the module (modprobe tamalloc), boot a kernel with CONFIG_PROC_TAMALLOC, or mount /proc without subset=pid" \
      "$(<"$out")" "this kernel"
  fi
}

@test "tamstat: nothing to show is status 1, and still a table, CSV or JSON" {
  ends 1 -p 4711
  assert_eq 1 "$(wc -l <"$out")" "lines of a table"
  ends 1 -p 4711 --csv
  assert_eq 1 "$(wc -l <"$out")" "lines of CSV"
  ends 1 -c 'no such' --json
  assert_eq "[]" "$(jq -c . "$out")" "JSON"
  ends 0 -n 0 --json
  assert_eq "[]" "$(jq -c . "$out")" "no lines of many"
}

@test "tamstat: output that cannot be written is an error, not nothing to show" {
  local args
  for args in "" --json --summary --help --version; do
    # shellcheck disable=SC2086  # words
    run -2 sh -c '"$@" >/dev/full' sh "$tamstat" $args
    assert_eq "tamstat: cannot write: No space left on device" "$output" "tamstat $args"
    # shellcheck disable=SC2086  # words
    run -2 sh -c '"$@" >&-' sh "$tamstat" $args
  done
}

@test "tamstat: a reader that leaves early is no reason for noise" {
  TAMSTAT_PROC=$names "$tamstat" 2>"$BATS_TEST_TMPDIR/err" | head -n 1 >/dev/null
  TAMSTAT_PROC=$names "$tamstat" --json 2>>"$BATS_TEST_TMPDIR/err" | head -n 1 >/dev/null
  assert_eq "" "$(<"$BATS_TEST_TMPDIR/err")" "standard error"
}

@test "tamstat: --help and --version, and the man page has every option" {
  local option
  ends 0 --help
  assert_eq "Usage: tamstat [OPTION...]" "$(head -n 1 "$out")" "first line"
  for option in $(grep -oE '(^|[ ,])--?[A-Za-z][a-z]*' "$out" | tr -d ' ,' | sort -u); do
    grep -qE "^\.It Fl (. , )?${option#-}( |\$)|^\.It Fl ${option#-} ," "$top/docs/tamstat.1" ||
      fail "$option is not in docs/tamstat.1"
  done
  ends 0 -V
  grep -qE '^tamstat \(tamalloc\) [0-9.]+$' "$out"
}

# on_screen ARGUMENT...: tamstat in a terminal of its own, 100 by 12, which tmux
# emulates; before and after it, the shell there notes the modes of the terminal.
on_screen() {
  cat >"$BATS_TEST_TMPDIR/session" <<'TEXT'
trap : INT
stty -g >before
echo "shell before"
LD_PRELOAD=$PRELOAD "$@"
echo $? >status
stty -g >after
exec cat
TEXT
  # Each has a server of its own: one that was told to end may still take the next
  # client with it.
  socket=tamstat-$BATS_TEST_NUMBER-$$-$((++servers))
  tmux -L "$socket" -f /dev/null new-session -d -x 100 -y 12 \
    -e "TAMSTAT_PROC=${TAMSTAT_PROC:-}" -e "PRELOAD=$preload" -c "$BATS_TEST_TMPDIR" \
    dash "$BATS_TEST_TMPDIR/session" "$tamstat" "$@" 3>&-
}

shows() {
  tmux -L "$socket" capture-pane -p | grep -qF -- "$1"
}

screen_says() {
  tmux -L "$socket" display-message -p "$1"
}

@test "tamstat: on a terminal, a table is as wide as that" {
  on_screen -n 1
  retry 100 test -s "$BATS_TEST_TMPDIR/after"
  assert_eq "PID USER RESERVED COMMITTED PCT RSS ANON FILE SHMEM SWAP PGTABLES OOM NAME" \
    "$(tmux -L "$socket" capture-pane -p | sed -n 2p | xargs)" "header, 100 columns"
}

@test "tamstat: --watch redraws, follows the size, and leaves the terminal as it was" {
  local proc=$BATS_TEST_TMPDIR/proc
  cp -r "$files" "$proc"
  TAMSTAT_PROC=$proc on_screen --watch 0.3
  retry 100 shows "8 processes, 7 address spaces"
  retry 100 shows 'Web "Content",'
  assert_eq "1 0" "$(screen_says '#{alternate_on} #{cursor_flag}')" "alternate screen, cursor"
  assert_eq "PID USER RESERVED COMMITTED PCT RSS ANON FILE SHMEM SWAP PGTABLES OOM NAME" \
    "$(tmux -L "$socket" capture-pane -p | sed -n 4p | xargs)" "header, 100 columns"
  # What the files say next.
  sed 's/ Web.*/ changed/' "$files/pids" >"$proc/new"
  mv "$proc/new" "$proc/pids"
  retry 100 shows changed
  ! shows 'Web' || fail "remains of the last screen"
  tmux -L "$socket" resize-window -x 60 -y 7
  header_is() { [[ $(tmux -L "$socket" capture-pane -p | sed -n 4p | xargs) == "$1" ]]; }
  retry 100 header_is "PID USER RESERVED COMMITTED RSS SWAP NAME"
  assert_eq 7 "$(tmux -L "$socket" capture-pane -p | wc -l)" "lines"
  tmux -L "$socket" send-keys q
  retry 100 test -s "$BATS_TEST_TMPDIR/after"
  assert_eq 0 "$(<"$BATS_TEST_TMPDIR/status")" "status"
  assert_eq "$(<"$BATS_TEST_TMPDIR/before")" "$(<"$BATS_TEST_TMPDIR/after")" "modes of the terminal"
  assert_eq "0 1" "$(screen_says '#{alternate_on} #{cursor_flag}')" "alternate screen, cursor"
  shows "shell before" || fail "the screen from before is gone"
}

# line N: of the screen, blanks squeezed. column N: of the rows on it. state: the start
# of the third line.
line() {
  tmux -L "$socket" capture-pane -p | awk -v n="$1" 'NR == n { $1 = $1; print }'
}

column() {
  tmux -L "$socket" capture-pane -p | awk -v n="$1" 'NR > 4 && NF && !/^total |total of/ {
    printf "%s%s", sep, n < 0 ? $NF : $n; sep = " " } END { print "" }'
}

state() {
  tmux -L "$socket" capture-pane -p | awk 'NR == 3 { print $1 }'
}

is() {
  [[ $("${@:2}") == "$1" ]]
}

# press KEY EXPECTED COMMAND...: after the key, that is what the command prints.
press() {
  tmux -L "$socket" send-keys "$1"
  retry 50 is "${@:2}" || fail "after $1:" "  expected: $2" "  actual:   $("${@:3}")" "$(tmux -L "$socket" capture-pane -p)"
}

@test "tamstat: every key of the screen" {
  pids_with "1 0 10 1000 900 90.00 800 700 60 40 10 0 48 0 -1000 0 1 init" \
    "2 0 20 9000 400 4.44 310 100 100 100 90 0 20 700 0 1 77 web" "3 1 30 2000 600 30.00 500 300 200 0 20 0 30 1001 0 2 77 web" \
    "4 1 40 3000 700 23.33 600 500 50 50 30 2048 10 600 0 1 78 Other"
  process 1 10 "0::/init.scope" '/sbin/init\0splash\0'
  process 2 20 "0::/web.service" 'web\0--port=80\0'
  process 4 40 "0::/user.slice" 'other\0'
  unset TAMSTAT_PROC
  TAMSTAT_PROC='' on_screen --proc "$proc" --watch 0.3
  retry 50 is "1 4 3 2" column 1
  assert_eq "(total of 4)" "$(line 12 | grep -o '(total.*')" "the last line"
  # Sorting
  press R "2 4 3 1" column 1
  press C "1 4 3 2" column 1
  press % "1 3 4 2" column 1
  press A "1 4 3 2" column 1
  press F "3 2 1 4" column 1
  press H "2 4 1 3" column 1
  press S "2 4 3 1" column 1
  press G "4 1 2 3" column 1
  press T "1 3 2 4" column 1
  press O "3 2 4 1" column 1
  press X "4 1 3 2" column 1
  press I "2 4 3 1" column 1
  press N "4 1 2 3" column 1
  press P "4 3 2 1" column 1
  press U "3 4 1 2" column 1
  press M "1 4 3 2" column 1
  press Right "1 4 3 2" column 1
  press Right "3 2 1 4" column 1
  press Left "1 4 3 2" column 1
  press Left "1 4 3 2" column 1
  press r "2 3 4 1" column 1
  press r "1 4 3 2" column 1
  # Views
  press n "web init Other" column -1
  press n "1 4 3 2" column 1
  press u "root daemon" column 1
  press g "/web.service /init.scope /user.slice" column -1
  press g "1 4 3 2" column 1
  press w "splash other - --port=80" column -1
  press w "init Other web web" column -1
  press t "init \`-web \`-web \`-Other" column -1
  press t "1 4 3 2" column 1
  # Filtering as one types
  press / "names with: _" line 3
  press O "names with: O_" line 3
  press t "4" column 1
  press h "names with: Oth_" line 3
  press Enter "names with: Oth" line 3
  press / "names with: Oth_" line 3
  press BSpace "names with: Ot_" line 3
  press Escape "1 4 3 2" column 1
  assert_eq "" "$(line 3)" "the third line"
  # Growth, and a pause in which nothing changes
  press d "PID USER WAS RSS GROWTH NAME" line 4
  awk '$1 == 3 { $7 = 700 } { print }' "$proc/tamalloc/pids" >"$proc/new"
  mv "$proc/new" "$proc/tamalloc/pids"
  retry 50 is "3 daemon 500K 700K +200K web" line 5
  press z "paused" state
  awk '$1 == 3 { $7 = 900 } { print }' "$proc/tamalloc/pids" >"$proc/new"
  mv "$proc/new" "$proc/tamalloc/pids"
  press d "1 3 4 2" column 1
  press Space "3 1 4 2" column 1
  press d "3 daemon 500K 900K +400K web" line 5
  press d "3 1 4 2" column 1
  # The interval
  press s "seconds: _" line 3
  press x "seconds: x_" line 3
  press Enter "seconds from 0.1 on, not 'x'" line 3
  press s "seconds: _" line 3
  press 5 "seconds: 5_" line 3
  tmux -L "$socket" send-keys Enter
  retry 50 shows ", every 5 s:"
  # Scrolling
  tmux -L "$socket" resize-window -x 80 -y 7
  press Down "rows 2 to 3 of 4" line 3
  press NPage "rows 3 to 4 of 4" line 3
  press Up "rows 2 to 3 of 4" line 3
  press End "rows 3 to 4 of 4" line 3
  press Home "" line 3
  press NPage "rows 3 to 4 of 4" line 3
  press PPage "" line 3
  tmux -L "$socket" resize-window -x 100 -y 20
  press h "q quit" line 17
  press x "3 1 4 2" column 1
  press ? "q quit" line 17
  press q "3 1 4 2" column 1
  tmux -L "$socket" send-keys q
  retry 100 test -s "$BATS_TEST_TMPDIR/after"
  assert_eq 0 "$(<"$BATS_TEST_TMPDIR/status")" "status"
}

@test "tamstat: a view that lacks a column of -o, or command lines, goes without" {
  pids_with "1 0 10 1000 900 90.00 800 700 60 40 10 0 48 0 -1000 0 1 init" \
    "2 0 20 9000 400 4.44 310 100 100 100 90 0 20 700 0 1 77 web"
  TAMSTAT_PROC='' on_screen --proc "$proc" --watch 0.3 -o pid,args,rss,oom,name
  retry 50 is "PID ARGS RSS OOM NAME" line 4
  press n "RSS OOM NAME" line 4
  press d "RSS NAME" line 4
  press n "PID ARGS RSS NAME" line 4
  press d "PID ARGS RSS OOM NAME" line 4
  tmux -L "$socket" kill-server
  TAMSTAT_PROC='' on_screen --proc "$proc" --watch 0.3
  retry 50 is "init web" column -1
  press w "- -" column -1
  press n "init web" column -1
  # Two bytes are one character.
  press / "names with: _" line 3
  press é "names with: é_" line 3
  press BSpace "names with: _" line 3
}

@test "tamstat: keys work on the screen while a name service is slow" {
  shim slow <<'TEXT'
#include <pwd.h>
#include <unistd.h>

struct passwd *getpwuid(uid_t uid)
{
	static struct passwd user;

	while (access("answer", F_OK))
		usleep(10000);
	user.pw_name = "late";
	return uid ? &user : NULL;
}
TEXT
  on_screen --watch 0.3
  retry 100 shows "8 processes"
  press P "4194303 12345 72 71 70 69 65" column 1
  assert_eq "0 424242 65534 0 1 1 0" "$(column 2)" "users so far"
  touch "$BATS_TEST_TMPDIR/answer"
  retry 50 is "0 late late 0 late late 0" column 2
}

@test "tamstat: after a hang-up the screen ends" {
  local pid
  on_screen --watch 0.3
  retry 100 shows "8 processes"
  pid=$(pgrep -f "^$tamstat --watch 0.3\$")
  tmux -L "$socket" kill-server
  gone() { ! kill -0 "$pid" 2>/dev/null; }
  retry 100 gone || fail "it still runs: $(ps -o stat=,time= -p "$pid")"
}

@test "tamstat: --watch follows a new size at once, not at the next turn" {
  on_screen --watch 1000
  retry 100 shows "8 processes"
  tmux -L "$socket" resize-window -x 60 -y 7
  header_is() { [[ $(tmux -L "$socket" capture-pane -p | sed -n 4p | xargs) == "$1" ]]; }
  retry 100 header_is "PID USER RESERVED COMMITTED RSS SWAP NAME"
}

@test "tamstat: --watch does not run over the smallest of screens" {
  local rows
  on_screen --watch 0.3
  retry 100 shows "8 processes"
  rows_are() { (($(tmux -L "$socket" capture-pane -p | grep -c .) == $1)) && shows "tamstat "; }
  # The third line is empty, below the header are the processes.
  for rows in 6 5 4 3 2; do
    tmux -L "$socket" resize-window -x 60 -y "$rows"
    retry 100 rows_are $((rows < 3 ? rows : rows - 1))
  done
  tmux -L "$socket" resize-window -x 1 -y 5
  first_is() { [[ $(tmux -L "$socket" capture-pane -p | head -n 1) == "$1" ]]; }
  retry 100 first_is t
}

@test "tamstat: --watch ended by ^C, a signal or missing files leaves the terminal as it was" {
  local how expected
  for how in C-c TERM HUP files; do
    rm -rf "$BATS_TEST_TMPDIR"/{before,after,status,proc}
    cp -r "$files" "$BATS_TEST_TMPDIR/proc"
    TAMSTAT_PROC=$BATS_TEST_TMPDIR/proc on_screen --watch 0.3
    retry 100 shows "8 processes"
    case $how in
      C-c)
        tmux -L "$socket" send-keys C-c
        expected=130
        ;;
      TERM | HUP)
        pkill "-$how" -f "^$tamstat --watch 0.3\$"
        expected=$((128 + $(kill -l "$how")))
        ;;
      files)
        rm "$BATS_TEST_TMPDIR/proc/pids"
        expected=2
        ;;
    esac
    retry 100 test -s "$BATS_TEST_TMPDIR/after"
    assert_eq "$expected" "$(<"$BATS_TEST_TMPDIR/status")" "status after $how"
    assert_eq "$(<"$BATS_TEST_TMPDIR/before")" "$(<"$BATS_TEST_TMPDIR/after")" "modes of the terminal after $how"
    assert_eq "0 1" "$(screen_says '#{alternate_on} #{cursor_flag}')" "alternate screen, cursor, after $how"
    [[ $how != files ]] || shows "tamstat: cannot read" || fail "nothing said about the files"
    tmux -L "$socket" kill-server
  done
}

@test "tamstat: --watch says what is wrong where it can be read" {
  on_screen --watch -s nix
  retry 100 test -s "$BATS_TEST_TMPDIR/after"
  assert_eq 2 "$(<"$BATS_TEST_TMPDIR/status")" "status"
  shows 'tamstat: there is no column "nix"' || fail "nothing is said"
}

@test "tamstat: --watch into a file is one table after the other, without control characters" {
  local pid
  "$tamstat" --watch 0.2 -n 1 -o pid >"$BATS_TEST_TMPDIR/log" 3>&- &
  pid=$!
  three() { (($(grep -c 4194303 "$BATS_TEST_TMPDIR/log") >= 3)); }
  retry 100 three
  kill "$pid"
  wait "$pid" || true
  ! grep -q $'\e' "$BATS_TEST_TMPDIR/log" || fail "control characters"
}

# complete_ LINE: what completion offers for the last word of a line, sorted.
complete_() {
  # shellcheck disable=SC2016  # for the other shell
  bash --norc -c '
    source "$1"
    [[ $(complete -p tamstat) == *" -F _tamstat tamstat" ]] || exit 3
    COMP_LINE=$2 COMP_POINT=${#2}
    # As readline splits it: at blanks and equals signs.
    read -ra COMP_WORDS <<<"${2//=/ = }"
    [[ $2 != *" " ]] || COMP_WORDS+=("")
    [[ $2 != *= ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _tamstat tamstat "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf "%s\n" "${COMPREPLY[@]}"' bash "$top/proc/tools/tamstat.bash-completion" "$1" | LC_ALL=C sort | paste -sd' '
}

@test "completion: options, columns, users, processes" {
  local by column
  assert_eq "--by" "$(complete_ "tamstat --b")" "--b"
  assert_eq "--csv --diff --help --json --numeric --proc --since --summary --total --tree --version --watch --by" \
    "$(complete_ "tamstat --" | sed 's/^--by \(.*\)/\1 --by/')" "--"
  assert_eq "cgroup name user" "$(complete_ "tamstat --by ")" "--by "
  assert_eq "user" "$(complete_ "tamstat --by=u")" "--by=u"
  assert_eq "cgroup name user" "$(complete_ "tamstat --by=")" "--by="
  assert_eq "rss" "$(complete_ "tamstat -s r" | tr ' ' '\n' | grep -x rss)" "-s r"
  assert_eq "$(head -n 1 "$files/pids" | tr '[:upper:]' '[:lower:]' | xargs -n 1 |
    sed 's/_kb$//' | cat - <(printf '%s\n' user untouched total args pss uss) | LC_ALL=C sort | paste -sd' ')" "$(complete_ "tamstat -s ")" "-s "
  assert_eq "pid,shmem pid,starttime pid,swap" "$(complete_ "tamstat -o pid,s")" "-o pid,s"
  assert_eq "processes" "$(complete_ "tamstat --by name -s proc")" "--by name -s proc"
  # Whatever is offered, the command takes.
  for by in name user; do
    for column in $(complete_ "tamstat --by $by -s "); do
      run -0 "$tamstat" --by "$by" -s "$column"
    done
  done
  assert_eq "1,65 1,69" "$(complete_ "tamstat -p 1,6")" "-p 1,6"
  assert_eq "daemon" "$(complete_ "tamstat -u daem")" "-u daem"
  assert_eq "busybox" "$(complete_ "tamstat -c b")" "-c b"
  assert_eq "" "$(complete_ "tamstat -n ")" "-n "
}

@test "completion: every option of --help is offered" {
  local option offered
  offered=" $(complete_ "tamstat -") "
  for option in $("$tamstat" --help | grep -oE '(^|[ ,])--?[A-Za-z][a-z]*' | tr -d ' ,' | sort -u); do
    [[ $offered == *" $option "* ]] || fail "$option is not offered"
  done
}

@test "completion: nothing in a process name is executed" {
  local proc=$BATS_TEST_TMPDIR/proc
  mkdir "$proc"
  cd "$BATS_TEST_TMPDIR"
  {
    head -n 2 "$files/pids"
    # shellcheck disable=SC2016
    for name in '$(>a)' '`>b`' '${x[$(>c)]}' '*' ';>d'; do
      sed -n 3p "$files/pids" | sed "s/busybox/$(sed 's/[&/\]/\\&/g' <<<"$name")/"
    done
  } >"$proc/pids"
  TAMSTAT_PROC=$proc run -0 complete_ "tamstat -c "
  assert_eq "init" "$output" "names offered"
  assert_eq "proc" "$(echo *)" "files made"
}

# pids_with ROW...: a file pids of these rows, with the header of a kernel that has
# PPID and CGROUP; $proc is a procfs with nothing but that, and the summary.
pids_with() {
  proc=$BATS_TEST_TMPDIR/procfs
  mkdir -p "$proc/tamalloc"
  cp "$files/summary" "$proc/tamalloc/"
  {
    echo "PID UID STARTTIME RESERVED_KB COMMITTED_KB COMMITTED_PCT RSS_KB ANON_KB FILE_KB SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE OOM_SCORE_ADJ PPID CGROUP NAME"
    printf '%s\n' "$@"
  } >"$proc/tamalloc/pids"
  unset TAMSTAT_PROC
}

# process PID STARTTIME CGROUP-LINE COMMAND-LINE: its files below $proc.
process() {
  mkdir -p "$proc/$1"
  # A name with brackets and blanks in it, as a process may choose one.
  echo "$1 (a) 1 (b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 $2 100" >"$proc/$1/stat"
  printf '%s\n' "9:memory:/other" "$3" >"$proc/$1/cgroup"
  # shellcheck disable=SC2059  # NUL between the words
  printf "$4" >"$proc/$1/cmdline"
}

# shim LIBRARY <CODE: a library that stands between tamstat, and no other program, and
# the C library.
shim() {
  gcc -shared -fPIC -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/$1.so" -x c - -ldl
  preload=$BATS_TEST_TMPDIR/$1.so
  export ASAN_OPTIONS=verify_asan_link_order=0
}

@test "tamstat: no figure loses a digit, up to 2^64-1" {
  local max=18446744073709551615 form
  pids_with "1 0 1 $max 1 0.00 9007199254740993 0 0 0 0 0 0 0 -1000 0 1 all" \
    "2 0 1 34359738368 34359738367 99.99 9007199254740992 0 0 0 $max 0 0 0 0 1 1 most"
  for form in -k --csv --json; do
    ends 0 --proc "$proc" -o res,com,untouched,rss,swap,total,name "$form"
    assert_eq "$max 1 18446744073709551614 9007199254740993 0 9007199254740993|34359738368 34359738367 1 9007199254740992 $max $max" \
      "$(grep -oE '[0-9]+' "$out" | paste -sd' ' | sed "s/ 34359738368/|34359738368/")" "figures with $form"
  done
  # A double does not tell these from each other.
  ends 0 --proc "$proc" -s rss -r -o pid
  assert_eq "PID 2 1" "$(xargs <"$out")" "the smaller first"
  # A sum that does not fit is the largest figure, as in the summary.
  ends 0 --proc "$proc" --by user -k -o res,rss,pct
  assert_eq "RESERVED_KB RSS_KB COMMITTED_PCT $max 18014398509481985 0.00" "$(xargs <"$out")" "sums"
  sed 's/9007199254740992/1/; s/9007199254740993/3/' "$proc/tamalloc/pids" >"$BATS_TEST_TMPDIR/old"
  ends 0 --proc "$proc" --since "$BATS_TEST_TMPDIR/old" --csv -o pid,growth
  assert_eq "PID,GROWTH_KB 2,9007199254740991 1,9007199254740990" "$(paste -sd' ' "$out")" "growth"
  pids_with "1 0 1 1${max} 1 0.00 1 0 0 0 0 0 0 0 -1000 0 1 all"
  ends 2 --proc "$proc"
  assert_eq "tamstat: $proc/tamalloc/pids has a row with a wrong RESERVED_KB: 1 0 1 1$max 1 0.00 1 0 0 0 0 0 0 0 -1000 0 1 all" \
    "$(<"$out")" "2^64 and more"
}

@test "tamstat: figures are the same right below their titles, beyond these, and anywhere else" {
  local proc=$BATS_TEST_TMPDIR/proc pids=$BATS_TEST_TMPDIR/proc/pids expected
  mkdir "$proc"
  cp "$files/summary" "$proc/"
  # Of every length, the kernel's way: one that is too long moves the rest of its row.
  awk -v seed=3 '
    function figure(most,   i, s) {
      s = 1 + int(rand() * 9)
      for (i = int(rand() * most); i > 0; i--) s = s int(rand() * 10)
      return rand() < 0.2 ? 0 : s
    }
    BEGIN {
      srand(seed)
      n = split("PID UID STARTTIME RESERVED_KB COMMITTED_KB RSS_KB SWAP_KB OOM_SCORE A_FIGURE_OF_MORE_THAN_16 OOM_SCORE_ADJ", title, " ")
      for (row = 0; row <= 500; row++) {
        for (i = 1; i <= n; i++) {
          cell = i == 1 ? 99999799 + row : i == n ? int(rand() * 3) - 1 : figure(row % 3 ? 9 : 19)
          printf "%*s ", i == 1 ? 8 : length(title[i]) + (i == 6 ? 5 : 1), row ? cell : title[i]
        }
        print row ? "n" : "NAME"
      }
    }' >"$pids"
  expected=$(awk 'NR > 1 { print $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $7 "," $8 "," $9 "," $10 }' "$pids")
  for way in cat "tr -s ' '" "sed 's/^ *//; s/  */   /g'"; do
    eval "$way" <"$pids" >"$pids.new"
    mv "$pids.new" "$pids"
    TAMSTAT_PROC=$proc ends 0 --csv -s pid -r -o pid,uid,start,res,com,rss,swap,oom,a_figure_of_more_than_16,adj
    diff <(tail -n +2 "$out") <(echo "$expected") || fail "other figures, written by $way"
  done
  # Digits, and nothing that looks like some in eight bytes.
  for byte in '!' / : '*' p . $'\x90'; do
    for place in 1 2 7 8; do
      sed "4s|.|$byte|$place" "$files/pids" >"$pids"
      TAMSTAT_PROC=$proc ends 2 --csv
      grep -q "pids has a row with a wrong PID: " "$out" || fail "$byte in place $place: $(<"$out")"
    done
  done
}

@test "tamstat: a read that fails in the middle is an error, one that is interrupted is not" {
  local error
  shim reads <<'TEXT'
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>

/* A few bytes at a time; the third time, what is asked for */
ssize_t pread(int fd, void *buf, size_t count, off_t offset)
{
	static int calls;
	ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");

	if (++calls == 3 && *getenv("FAIL") != '0') {
		errno = atoi(getenv("FAIL"));
		return -1;
	}
	return real(fd, buf, count > 300 ? 300 : count, offset);
}
TEXT
  for error in "5 Input/output error" "12 Cannot allocate memory"; do
    FAIL=${error%% *} ends 2 --json
    assert_eq "tamstat: cannot read $files/pids: ${error#* }" "$(<"$out")" "errno ${error%% *}"
  done
  for error in 0 4; do
    FAIL=$error ends 0 -o pid
    assert_eq 9 "$(wc -l <"$out")" "lines, with errno $error"
  done
}

@test "tamstat: users are what the system says, asked once for each" {
  shim users <<'TEXT'
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static struct passwd *user(const char *name, uid_t uid)
{
	static struct passwd found;
	static char copy[64];

	found.pw_name = strcpy(copy, name);
	found.pw_uid = uid;
	return &found;
}

/* A directory service: names in any case, with or without the domain */
struct passwd *getpwnam(const char *name)
{
	return strcasestr(name, "alice") ? user("alice", 1001) : NULL;
}

struct passwd *getpwuid(uid_t uid)
{
	fprintf(stderr, "asked for %u\n", uid);
	return uid == 1001 ? user("svc-monitoring-prod01", uid) :
		uid == 1002 ? user("svc-monitoring-prod02", uid) : NULL;
}
TEXT
  pids_with "1 1001 1 5 1 20.00 1 1 0 0 0 0 0 0 0 0 1 a" "2 1002 1 5 1 20.00 1 1 0 0 0 0 0 0 0 0 1 b" \
    "3 4294967294 1 5 1 20.00 1 1 0 0 0 0 0 0 0 0 1 c" "4 1001 1 5 1 20.00 1 1 0 0 0 0 0 0 0 0 1 d"
  local user
  for user in alice ALICE 'CORP\alice' 1001; do
    ends 0 --proc "$proc" -u "$user" -o pid
    assert_eq "PID 1 4" "$(xargs <"$out")" "-u $user"
  done
  ends 2 --proc "$proc" -u bob
  assert_eq "tamstat: there is no user 'bob'" "$(<"$out")" "another name"
  ends 0 --proc "$proc" -u 4294967294 -o pid,user
  assert_eq "PID USER 3 4294967294 asked for 4294967294" "$(xargs <"$out")" "-u 4294967294"
  ends 0 --proc "$proc" -s user -o user,pid
  # Whole, and of the same two beginnings both.
  assert_eq "USER PID 4294967294 3 svc-monitoring-prod01 1 svc-monitoring-prod01 4 svc-monitoring-prod02 2" \
    "$(head -n 5 "$out" | xargs)" "users"
  assert_eq 3 "$(grep -c '^asked' "$out")" "questions"
  ends 0 --proc "$proc" -o user,pid --numeric
  assert_eq "USER PID 1001 1 1002 2 4294967294 3 1001 4" "$(xargs <"$out")" "--numeric"
  # On a screen that is too narrow they are cut, and one sees that.
  COLUMNS=60 ends 0 --proc "$proc" -n 1
  grep -q ' svc-monitoring-+ ' "$out" || fail "$(<"$out")"
}

@test "tamstat: a copy that is cut off is refused, wherever" {
  local size row
  row=$(sed -n 4p "$files/pids")
  for size in 1 7 8 9 20 40 100 $((${#row} - 8)); do
    { head -n 3 "$files/pids" && head -c "$size" <<<"$row"; } >"$BATS_TEST_TMPDIR/cut"
    if [[ -z $(tail -n 1 "$BATS_TEST_TMPDIR/cut" | tr -d ' ') ]]; then
      continue
    fi
    ends 2 --since "$BATS_TEST_TMPDIR/cut" --json
    grep -qE "^tamstat: $BATS_TEST_TMPDIR/cut has a row (that does not fit its header|with a wrong [A-Z_]*): " "$out" ||
      fail "$size bytes of a row: $(<"$out")"
    assert_eq 1 "$(wc -l <"$out")" "lines"
  done
}

@test "tamstat: files of any other form are refused in one line" {
  local proc=$BATS_TEST_TMPDIR/proc kind header
  header=$(head -n 1 "$files/pids" | xargs)
  mkdir "$proc"
  cp "$files/summary" "$proc/"
  while IFS='|' read -r kind message; do
    case $kind in
      binary) head -c 100000 /bin/sh ;;
      long) head -c 70000 /dev/zero | tr '\0' x ;;
      columns) seq -f 'COLUMN%g' 60 | paste -sd' ' ;;
      twice) echo "$header PID" ;;
      colon) echo "$header :DEPTH" ;;
      without) echo "${header/OOM_SCORE /}" ;;
      quote) echo "$header A\"B" ;;
      more) printf '%s\n' "$header" "$(sed -n 2p "$files/pids" | xargs) x" ;;
      word) printf '%s\n' "$header" "$(sed -n 2p "$files/pids" | xargs | sed 's/2988/2g88/')" ;;
      escape) printf '%s\n' "$header" "$(sed -n 2p "$files/pids" | xargs | sed 's/init/in\\9it/')" ;;
      control) printf '%s\n' "$header" "$(sed -n 2p "$files/pids" | xargs | sed $'s/init/\033[31m/')" ;;
    esac >"$proc/pids"
    TAMSTAT_PROC=$proc ends 2 --json
    assert_eq "tamstat: $proc/pids $message" "$(<"$out")" "$kind"
  done <<TEXT
binary|does not start with the names of columns
long|has a line of more than 65536 bytes
columns|has more than 48 columns
twice|has the column PID twice
colon|does not start with the names of columns
without|has no column OOM_SCORE
quote|does not start with the names of columns
more|has a row that does not fit its header: $(sed -n 2p "$files/pids" | xargs) x
word|has a row with a wrong COMMITTED_KB: 1 0 28 3932 2g88 75.99 2988 280 4 2704 0 0 48 0 -1000 init
escape|has a row with a wrong NAME: 1 0 28 3932 2988 75.99 2988 280 4 2704 0 0 48 0 -1000 in\\1349it
control|has a row with a wrong NAME: 1 0 28 3932 2988 75.99 2988 280 4 2704 0 0 48 0 -1000 \\033[31m
TEXT
}

@test "tamstat: a pattern that no name can match is refused" {
  ends 2 -c 'chromium-browser-stable'
  assert_eq "tamstat: -c: the kernel cuts names at 15 bytes, so none matches 'chromium-browser-stable'; try 'chromium-browse'" \
    "$(<"$out")" "16 and more"
  ends 2 -c '????????????????'
  ends 1 -c '[abc][[:alpha:]]\*???????*????*'
  ends 1 -c '???????????????'
}

@test "tamstat: -i and -e choose by name" {
  ends 0 -e '^s.*p$' -e web -o name
  assert_eq "NAME sleep sleep" "$(xargs <"$out")" "-e"
  ends 0 -i -e WEB -c SLEEP -o name
  assert_eq 'NAME|Web "Content",|sleep|sleep' "$(paste -sd'|' "$out")" "-i"
  ends 2 -e '('
  assert_eq "tamstat: -e: '(': Unmatched ( or \\(" "$(<"$out")" "no expression"
}

@test "tamstat: a total over all that was chosen" {
  ends 0 --total -k -n 1 -o pid,rss,pct,oom,name
  assert_eq "PID RSS_KB COMMITTED_PCT OOM_SCORE NAME|4194303 1023999999 61.03 1333 postgres: wri|1024760995 61.02 1333 (total of 8)" \
    "$(sed 's/^ *//' "$out" | tr -s ' ' | paste -sd'|')" "total"
  ends 0 --by name --total -o procs,rss -c sleep -k
  assert_eq "PROCESSES RSS_KB 2 10608 2 10608" "$(xargs <"$out")" "of sums"
  ends 0 --total -p 1 -k -o user,rss
  assert_eq "USER RSS_KB root 2988 total 2988" "$(xargs <"$out")" "beside short users"
  ends 2 --total --json
}

@test "tamstat: --tree has the sums of each branch, whatever the parents are" {
  # 2 is below 1, 4 and 3 below 2. The parent of 5 is not there. 6 and 7 name each other.
  # 8 names a parent that started later: another one, with its id.
  pids_with "1 0 1 10 1 10.00 1 1 0 0 0 0 0 5 0 0 1 init" "2 0 2 10 2 20.00 20 1 0 0 0 0 0 6 0 1 1 shell" \
    "3 0 3 10 3 30.00 30 1 0 0 0 0 0 7 0 2 1 small" "4 0 3 10 4 40.00 40 1 0 0 0 0 0 900 0 2 1 large" \
    "5 0 3 10 5 50.00 50 1 0 0 0 0 0 8 0 999 1 orphan" "6 0 3 10 6 60.00 60 1 0 0 0 0 0 8 0 7 1 six" \
    "7 0 3 10 7 70.00 70 1 0 0 0 0 0 8 0 6 1 seven" "8 0 3 10 8 80.00 80 1 0 0 0 0 0 8 0 9 1 eight" \
    "9 0 9 10 9 90.00 90 1 0 0 0 0 0 8 0 1 1 nine"
  ends 0 --proc "$proc" --tree -k -o pid,procs,rss,pct,oom,name
  assert_eq '  PID PROCESSES RSS_KB COMMITTED_PCT OOM_SCORE NAME
    1         5    181         38.00       900 init
    2         3     90         30.00       900 `-shell
    4         1     40         40.00       900   `-large
    3         1     30         30.00         7   `-small
    9         1     90         90.00         8 `-nine
    6         2    130         65.00         8 six
    7         1     70         70.00         8 `-seven
    8         1     80         80.00         8 eight
    5         1     50         50.00         8 orphan' "$(sed 's/^/  /' "$out")" "the tree"
  ends 0 --proc "$proc" --tree -k -p 3,4,2 --total -o pid,rss,name -r
  assert_eq 'PID RSS_KB NAME 2 90 shell 3 30 `-small 4 40 `-large 90 (total of 3)' "$(xargs <"$out")" "chosen, reversed"
  ends 0 --proc "$proc" --tree -s procs -o pid
  assert_eq 'PID 1 2 3 4 9 6 7 5 8' "$(xargs <"$out")" "the largest branches first"
  # A column that is not known, and whose figures are sizes, has sums, too.
  sed -i '1s/PGTABLES_KB/NEW_KB/' "$proc/tamalloc/pids"
  awk 'NR > 1 { $13 = $1 } { print }' "$proc/tamalloc/pids" >"$proc/new"
  mv "$proc/new" "$proc/tamalloc/pids"
  ends 0 --proc "$proc" --tree -k -p 2,3,4 --total -o pid,new_kb,name
  assert_eq 'PID NEW_KB NAME 2 9 shell 4 4 `-large 3 3 `-small 9 (total of 3)' "$(xargs <"$out")" "an unknown column"
  ends 0 --proc "$proc" --tree --json -n 3
  assert_eq "0 1 2" "$(jq -r '[.[].DEPTH] | join(" ")' "$out")" "depths"
  ends 2 --tree
  assert_eq "tamstat: --tree needs the column PPID, which $files/pids lacks" \
    "$(TAMSTAT_PROC=$files "$tamstat" --tree 2>&1)" "a kernel without PPID"
}

@test "tamstat: control groups by their paths" {
  pids_with "1 0 1 10 1 10.00 100 1 0 0 0 0 0 5 0 0 1 init" "2 0 2 10 2 20.00 20 1 0 0 0 0 0 6 0 1 77 web" \
    "3 0 3 10 3 30.00 30 1 0 0 0 0 0 7 0 2 77 web" "4 0 3 10 4 40.00 40 1 0 0 0 0 0 8 0 2 78 gone" \
    "5 0 3 10 4 40.00 4 1 0 0 0 0 0 8 0 2 79 again"
  process 1 1 "0::/init.scope" ""
  # Of the first of this group, the id is another's by now.
  process 2 99 "0::/wrong" ""
  process 3 3 "0::/system.slice/very-long-name-of-a-service-that-somebody-chose.service" ""
  process 5 3 "0::/init.scope" ""
  ends 0 --proc "$proc" --by cgroup -o procs,rss,path -k
  assert_eq "PROCESSES RSS_KB CGROUP_PATH|2 104 /init.scope|2 50 /system.slice/very-long-name-of-a-service-that-somebody-chose.service|1 40 #78" \
    "$(sed 's/^ *//' "$out" | tr -s ' ' | paste -sd'|')" "groups"
  awk '$1 == 3 { $7 = 1 } { print }' "$proc/tamalloc/pids" >"$BATS_TEST_TMPDIR/old"
  ends 0 --proc "$proc" --since "$BATS_TEST_TMPDIR/old" -o pid,path
  assert_eq "PID CGROUP_PATH 3 /system.slice/very-long-name-of-a-service-that-somebody-chose.service" "$(xargs <"$out")" \
    "of a process that grew"
  ends 0 --proc "$proc" --by cgroup --json
  assert_eq '#78 /init.scope /system.slice/very-long-name-of-a-service-that-somebody-chose.service' \
    "$(jq -r '[.[].CGROUP_PATH] | sort | join(" ")' "$out")" "JSON"
  # Its ends tell what it is.
  COLUMNS=60 ends 0 --proc "$proc" --by cgroup
  grep -qE ' /sys[a-z./-]*\.\.\.[a-z-]*chose\.service$' "$out" || fail "$(<"$out")"
  (($(wc -L <"$out") <= 60)) || fail "wider than the screen"
  ends 2 --by cgroup
  assert_eq "tamstat: --by cgroup needs the column CGROUP, which $proc/pids lacks" \
    "$(sed "s|$files|$proc|" < <(TAMSTAT_PROC=$files "$tamstat" --by cgroup 2>&1))" "a kernel without"
}

@test "tamstat: command lines, PSS and USS of the rows that are shown" {
  pids_with "1 0 1 10 1 10.00 100 1 0 0 0 0 0 5 0 0 1 init" "2 0 2 10 2 20.00 20 1 0 0 0 0 0 6 0 1 1 reused" \
    "3 0 3 10 3 30.00 30 1 0 0 0 0 0 7 0 2 1 quiet"
  process 1 1 "0::/" '/sbin/init\0--log=a b\0\033[31m\0'
  process 2 99 "0::/" 'another\0'
  process 3 3 "0::/" ''
  printf '%s\n' "0-1 ---p 0 00:00 0 [rollup]" "Rss: 100 kB" "Pss: 60 kB" "Pss_Anon: 3 kB" "Private_Clean: 40 kB" \
    "Private_Dirty: 2 kB" >"$proc/1/smaps_rollup"
  ends 0 --proc "$proc" -s pid -r -o pid,args
  assert_eq 'PID ARGS|  1 /sbin/init --log=a b \033[31m|  2 -|  3 -' "$(paste -sd'|' "$out")" "args"
  ends 0 --proc "$proc" -s pid -r -o pid,pss,uss,args --json
  assert_eq '[[1,60,42,"/sbin/init --log=a b \u001b[31m"],[2,null,null,null],[3,null,null,null]]' \
    "$(jq -c 'map([.PID, .PSS_KB, .USS_KB, .ARGS])' "$out")" "JSON"
  ends 0 --proc "$proc" -s pss -o pid,pss -k
  assert_eq "PID PSS_KB 1 60 2 - 3 -" "$(xargs <"$out")" "by PSS"
  # Never unless asked for.
  ends 0 --proc "$proc" --json
  assert_eq "null" "$(jq -c '.[0] | .PSS_KB // .USS_KB // .ARGS' "$out")" "usual columns"
}

@test "tamstat: JSON is of the shape that its schema has" {
  local args valid=$BATS_TEST_TMPDIR/valid
  /usr/bin/python3 -c 'import jsonschema' || skip "there is no python3-jsonschema"
  cat >"$valid" <<'TEXT'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))
TEXT
  awk '$1 == 71 { $7 = 1; $15 = 7 } { print }' "$files/pids" >"$BATS_TEST_TMPDIR/old"
  while read -r args; do
    # shellcheck disable=SC2086  # words
    ends 0 --json $args
    /usr/bin/python3 "$valid" "$top/proc/tools/tamstat.schema.json" <"$out" || fail "tamstat --json $args"
  done <<TEXT

--by name
--by user
--summary
--since $BATS_TEST_TMPDIR/old
--since $BATS_TEST_TMPDIR/old -s oom_score_adj
-o pid,args,pss,uss,total,untouched,user
TEXT
  TAMSTAT_PROC=$names ends 0 --json
  /usr/bin/python3 "$valid" "$top/proc/tools/tamstat.schema.json" <"$out"
  # What is of another shape is noticed.
  run ! /usr/bin/python3 "$valid" "$top/proc/tools/tamstat.schema.json" <<<'[{"PID":"1"}]'
  run ! /usr/bin/python3 "$valid" "$top/proc/tools/tamstat.schema.json" <<<'{"Processes":1}'
}

@test "tamstat: the first inputs of the fuzzer are shown whole, or refused in a line" {
  local file
  mkdir "$BATS_TEST_TMPDIR/proc"
  for file in "$top"/tests/host/fuzz/corpus/*; do
    cp "$file" "$BATS_TEST_TMPDIR/proc/pids"
    # A file of the form has as many words in each line as in the first.
    if [[ $(awk '{ print NF }' "$file" | sort -u | wc -l) == 1 ]]; then
      TAMSTAT_PROC=$BATS_TEST_TMPDIR/proc ends 0 --csv -s pid -o pid,uid,start,res,com,name_escaped
      assert_eq "$(awk 'NR > 1 { print $1, $2, $3, $4, $5, $NF }' "$file" | tr -d '"' | tr , ' ' | sort)" \
        "$(tail -n +2 "$out" | tr -d '"' | tr , ' ' | sort)" "rows of $file"
    else
      TAMSTAT_PROC=$BATS_TEST_TMPDIR/proc ends 2 --csv -s pid
      assert_eq 1 "$(wc -l <"$out")" "lines about $file"
    fi
  done
}

# many_rows ROWS...: procfs of so many processes, with a name to five of them, each below
# $BATS_TEST_TMPDIR.
many_rows() {
  local rows
  for rows; do
    mkdir -p "$BATS_TEST_TMPDIR/$rows/tamalloc"
    cp "$files/summary" "$BATS_TEST_TMPDIR/$rows/tamalloc/"
    awk -v rows="$rows" 'BEGIN {
      srand(5)
      print "PID UID STARTTIME RESERVED_KB COMMITTED_KB COMMITTED_PCT RSS_KB ANON_KB FILE_KB SHMEM_KB SWAP_KB HUGETLB_KB PGTABLES_KB OOM_SCORE OOM_SCORE_ADJ PPID CGROUP NAME"
      for (i = 1; i <= rows; i++)
        print i, i % 1000, i, int(rand() * 1e7), 9, "0.00", int(rand() * 1e6), 5, 0, 0, 0, 0, 40, 666, 0,
          int(rand() * i), 1, "name" i * 7919 % (rows / 5)
    }' >"$BATS_TEST_TMPDIR/$rows/tamalloc/pids"
  done
}

@test "tools: a row takes as many steps among 100,000 with 20,000 names as among 10,000" {
  local command few many steps=$BATS_TEST_TMPDIR/steps
  # A step is a basic block: the compiler calls this at the start of each. The code of the C
  # library is not counted, except for the functions that it calls back.
  gcc -O2 -c -o "$steps.o" -x c - <<'TEXT'
#include <stdio.h>

static unsigned long steps;

void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

__attribute__((destructor)) static void report(void)
{
	fprintf(stderr, "%lu\n", steps);
}
TEXT
  (. "$top/scripts/lib.sh" && CFLAGS="-O2 -fsanitize-coverage=trace-pc" LDFLAGS="$steps.o" compile_tools "$BATS_TEST_TMPDIR")
  many_rows 10000 100000
  while read -r command; do
    # shellcheck disable=SC2086  # words
    few=$("$BATS_TEST_TMPDIR"/$command --proc "$BATS_TEST_TMPDIR/10000" 2>&1 >/dev/null)
    # shellcheck disable=SC2086  # words
    many=$("$BATS_TEST_TMPDIR"/$command --proc "$BATS_TEST_TMPDIR/100000" 2>&1 >/dev/null)
    echo "# $command: $((few / 10000)) and $((many / 100000)) steps for each row" >&3
    ((few > 500000 && many > 5 * few && many <= 11 * few)) ||
      fail "$command:" "  expected: at most 11 times $few steps for ten times the rows" "  actual:   $many"
  done <<'TEXT'
tamstat --numeric
tamstat --numeric -n 20
tamstat --numeric --by name
tamstat --numeric --by user
tamstat --numeric --tree
tamalloc-textfile --names 1000
TEXT
}

@test "tamstat: at most 300 bytes of memory for each row, up to 100,000 with 20,000 names" {
  local args
  # Not the sanitized one, which takes more.
  (. "$top/scripts/lib.sh" && compile_tools "$BATS_TEST_TMPDIR")
  many_rows 20000 100000
  while read -r args; do
    # shellcheck disable=SC2086  # words
    run -0 /usr/bin/python3 - "$BATS_TEST_TMPDIR" $args <<'PYTHON'
import os, sys

def memory(rows):
    null = os.open("/dev/null", os.O_WRONLY)
    pid = os.posix_spawn(sys.argv[1] + "/tamstat", ["tamstat", "--proc", f"{sys.argv[1]}/{rows}"] + sys.argv[2:],
                         {"LC_ALL": "C"}, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, status
    return usage.ru_maxrss * 1024

print((memory(100000) - memory(20000)) // 80000)
PYTHON
    echo "# tamstat $args: $output bytes" >&3
    ((output >= 100 && output <= 300)) || fail "tamstat $args: $output bytes for each row"
  done <<'TEXT'
--numeric
--numeric -n 20
--numeric --by name
--numeric --tree
TEXT
}

@test "tamstat: what grew and what is near the OOM killer is bold, and has a colour" {
  # marks: the coloured words on the screen, with their attributes
  marks() {
    tmux -L "$socket" capture-pane -pe | sed 's/\x1b\[\([0-9;]*\)m/<\1>/g' | grep -oE '(<[0-9;]+>)*<3[0-7]>[^<]+' | xargs
  }
  pids_with "1 0 1 10 1 10.00 100 1 0 0 0 0 0 999 0 0 1 far" "2 0 2 10 2 20.00 20 1 0 0 0 0 0 1000 0 1 77 near"
  TAMSTAT_PROC='' on_screen --proc "$proc" --watch 0.3
  retry 100 shows "(total of 2)"
  assert_eq "<1><31>1000" "$(marks)" "marked"
  press d "PID USER WAS RSS GROWTH NAME" line 4
  sed 's/ 100 1 0/ 150 1 0/; s/ 20 1 0/ 10 1 0/' "$proc/tamalloc/pids" >"$proc/new"
  mv "$proc/new" "$proc/tamalloc/pids"
  retry 50 is "<1><33> +50K" marks
}

@test "tools: they start no other program" {
  local program functions
  for program in tamstat tamalloc-textfile; do
    functions=$(nm -D --undefined-only "$tools/$program" | awk '{ sub(/@.*/, "", $2); print $2 }')
    grep -qx pread <<<"$functions" || fail "no functions of $program"
    assert_eq "" "$(grep -xE 'v?fork|clone3?|exec[lv]p?e?|fexecve|popen|system|posix_spawnp?|wordexp' <<<"$functions" || true)" \
      "functions of $program that start one"
  done
}
