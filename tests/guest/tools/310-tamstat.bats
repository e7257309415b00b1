# tamstat with the real files. The expected values come from ps, from /proc/PID and from
# the processes that the tests started. The host tests its output format.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup() {
  export LC_CTYPE=C.UTF-8
  socket='' mounted=''
}

teardown() {
  [[ -z $socket ]] || tmux -L "$socket" kill-server 2>/dev/null || true
  [[ -z $mounted ]] || umount "$mounted"
  kill_standing
}

# mount_proc OPTIONS: at $mounted, until the test ends
mount_proc() {
  mkdir -p /mnt/proc
  mount -t proc -o "$1" proc /mnt/proc
  mounted=/mnt/proc
}

# status_kb PID KEY
status_kb() {
  awk -v key="$2:" '$1 == key { kb = $2 } END { print kb + 0 }' "/proc/$1/status"
}

# wanted PID...: the PIDs as one word
wanted() {
  local IFS=,
  echo "$*"
}

@test "tamstat: rows of standing processes equal /proc/PID/status" {
  local pid expected
  stand --anon 30000
  stand_as 1000 --shmem 20000
  stand_as 4242 --reserve 1000000 --sparse 100
  stand --anon 500 --oom-adj 300
  expected=$(for pid in "${standing[@]}"; do
    echo "$pid" "$(ps -o user= -p "$pid")" "$(status_kb "$pid" VmSize)" "$(status_kb "$pid" VmHWM)" \
      "$(status_kb "$pid" VmRSS)" "$(status_kb "$pid" RssAnon)" "$(status_kb "$pid" RssShmem)" \
      "$(status_kb "$pid" VmPTE)" "$(<"/proc/$pid/oom_score")" stand
  done | sort -k 5,5nr)
  run -0 tamstat -k -p "$(wanted "${standing[@]}")" -o pid,user,res,com,rss,anon,shmem,pgt,oom,name
  assert_eq "$expected" "$(tail -n +2 <<<"$output" | awk '{ $1 = $1; print }')" "rows"
}

# has_columns NAME...: a kernel from before these has the tests skipped.
has_columns() {
  local name
  for name; do
    [[ " $(head -n 1 $pids) " == *" $name "* ]] || skip "this kernel's pids has no column $name"
  done
}

@test "tamstat: the tree is that of the parents" {
  has_columns PPID
  stand --anon 1000
  run -0 tamstat --tree --json
  assert_eq "$(ps -e -o pid=,ppid=,vsz= | awk '$3 > 0 { print $1, $2 }' | grep -w "$stood")" \
    "$(jq -r ".[] | select(.PID == $stood) | \"\(.PID) \(.PPID)\"" <<<"$output")" "parent"
  # Who has no parent among them holds the sums of all.
  assert_eq "$(jq 'map(select(.DEPTH == 0) | .PROCESSES) | add' <<<"$output")" "$(jq length <<<"$output")" "processes below the roots"
}

@test "tamstat: control groups are those of /proc/PID/cgroup" {
  has_columns CGROUP
  local root=$BATS_TEST_TMPDIR/cgroup
  mkdir -p "$root"
  mount -t cgroup2 none "$root" || skip "there is no unified hierarchy"
  mkdir -p "$root/one.slice/two.service"
  stand --anon 5000
  echo "$stood" >"$root/one.slice/two.service/cgroup.procs"
  run -0 tamstat --by cgroup -k -o procs,rss,path
  kill_standing
  rmdir "$root/one.slice/two.service" "$root/one.slice"
  umount "$root"
  grep -qE "^ *1 +[0-9]+ /one.slice/two.service$" <<<"$output" || fail "$output"
}

@test "tamstat: command lines, PSS and USS equal the files of the process" {
  stand --anon 3000
  run -0 tamstat -p "$stood" --json -o pss,uss,args
  assert_eq "$(awk '/^Pss:/ { pss = $2 } /^Private_/ { uss += $2 } END { print pss, uss }' "/proc/$stood/smaps_rollup") $(tr '\0' ' ' <"/proc/$stood/cmdline" | sed 's/ $//')" \
    "$(jq -r '.[0] | "\(.PSS_KB) \(.USS_KB) \(.ARGS)"' <<<"$output")" "from the files"
  run -0 as 1000 tamstat -p "$stood" --csv -o pss,uss
  assert_eq "," "${lines[1]}" "what another user may see"
}

@test "tamstat: comments and blanks in /etc/passwd are no users" {
  cp /etc/passwd "$BATS_TEST_TMPDIR/passwd"
  printf '%s\n' '# x:y:4242::::' '#old:x:4243:0:::' '   late:x:4244:0:::' >>/etc/passwd
  stand_as 4242
  stand_as 4243
  stand_as 4244
  run tamstat -p "$(wanted "${standing[@]}")" -s pid -r -o user
  cp "$BATS_TEST_TMPDIR/passwd" /etc/passwd
  assert_eq "USER 4242 4243 late" "$(xargs <<<"$output")" "users"
}

@test "tamstat: the processes are those of ps, and none is twice" {
  local all
  stand --threads 3
  stand --zombie
  # The processes that exist before and after.
  ps -e -o pid=,vsz= | awk '$2 > 0 { print $1 }' | sort >"$BATS_TEST_TMPDIR/before"
  all=$(tamstat --csv | tail -n +2 | cut -d, -f1 | sort)
  ps -e -o pid=,vsz= | awk '$2 > 0 { print $1 }' | sort >"$BATS_TEST_TMPDIR/after"
  assert_eq "" "$(comm -12 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" | comm -23 - <(echo "$all"))" "missing"
  assert_eq "" "$(uniq -d <<<"$all")" "twice"
  assert_le 5 "$(wc -l <<<"$all")" "processes"
}

@test "tamstat: --by user and name are the sums over ps" {
  stand_as 1000 --anon 30000
  stand_as 1000 --anon 20000
  stand_as 1001 --shmem 10000 --comm-hex 612062
  assert_eq "alice 2 $(($(status_kb "${standing[0]}" VmRSS) + $(status_kb "${standing[1]}" VmRSS)))
bob 1 $(status_kb "${standing[2]}" VmRSS)" \
    "$(tamstat --by user -k -o user,procs,rss -u alice,bob | tail -n +2 | awk '{ $1 = $1; print }')" "users"
  assert_eq "$(tamstat --by name -k -o procs,rss,name -c stand | awk 'NR == 2 { print $1, $2 }')" \
    "$(ps -e -o pid=,comm= | awk '$2 == "stand" { print $1 }' | while read -r pid; do status_kb "$pid" VmRSS; done |
      awk '{ sum += $1 } END { print NR, sum }')" "stand"
}

@test "tamstat: odd names in JSON and in the table" {
  local json
  stand --comm-hex c3a9200a1b5b33316d225cff
  json=$(tamstat -p "$stood" --json)
  assert_eq "233 32 10 27 91 51 49 109 34 92 65533" "$(jq -r '.[0].NAME | explode | join(" ")' <<<"$json")" NAME
  assert_eq '\303\251\040\012\033[31m"\134\377' "$(jq -r '.[0].NAME_ESCAPED' <<<"$json")" NAME_ESCAPED
  assert_eq 'é \012\033[31m"\134\377' "$(tamstat -p "$stood" -o name | tail -n 1)" "the table"
  stand --comm-hex ""
  assert_eq '["","\\000"]' "$(tamstat -p "$stood" --json | jq -c '[.[0].NAME, .[0].NAME_ESCAPED]')" "an empty name"
}

@test "tamstat: --diff shows who grew and leaves out who ended" {
  local dying pid
  cd "$BATS_TEST_TMPDIR"
  # It waits for each look until somebody gives it the file.
  mkfifo pids
  stand --anon 1000
  stand --anon 60000
  dying=$stood
  TAMSTAT_PROC=$BATS_TEST_TMPDIR tamstat --diff 0.1 -k -o pid,was,growth,name >out 3>&- &
  pid=$!
  cat $pids >pids
  kill -KILL "$dying"
  retry 100 gone "$dying"
  stand --anon 50000
  cat $pids >pids
  wait "$pid"
  assert_eq "$stood - +$(status_kb "$stood" VmRSS) stand" \
    "$(sed -n 2p out | awk '{ $1 = $1; print }')" "the first"
  run ! grep -wE "^ *($dying|${standing[0]})" out
}

@test "tamstat: --since a copy of the file, which cp makes as cat does" {
  stand --anon 1000
  cp $pids "$BATS_TEST_TMPDIR/then"
  has_row "$stood" "$BATS_TEST_TMPDIR/then" || fail "cp has copied no row"
  stand --anon 40000
  run -0 tamstat --since "$BATS_TEST_TMPDIR/then" -s anon -n 1 -o pid,name
  assert_eq "PID NAME $stood stand" "$(xargs <<<"$output")" "processes that grew"
}

@test "tamstat: --summary is the summary" {
  # The two reads differ; rows of processes that stand still are equal.
  assert_eq "$(key TotalSwap) $(key TotalHugetlb)" \
    "$(tamstat --summary --json | jq -r '"\(.TotalSwap) \(.TotalHugetlb)"')" "swap, huge pages"
  assert_eq "$(sed 's/:.*//' $summary | paste -sd,)" "$(tamstat --summary --csv | head -n 1)" "keys"
}

@test "tamstat: another user sees what the files show it" {
  stand_as 1000 --anon 1000
  mount_proc hidepid=2
  assert_eq "alice" "$(TAMSTAT_PROC=/mnt/proc/tamalloc as 1000 tamstat --csv -o user | tail -n +2 | tr -d '"' | sort -u)" "users"
}

@test "tamstat: without the files it says so in one line, status 2" {
  mount_proc subset=pid
  # shellcheck disable=SC2016
  run -2 unshare -m sh -c 'mount --bind /mnt/proc /proc && exec tamstat'
  assert_eq "tamstat: there is no /proc/tamalloc/pids; load the module (modprobe tamalloc), boot a kernel with CONFIG_PROC_TAMALLOC, or mount /proc without subset=pid" \
    "$output" "output"
}

@test "tamstat: head may leave early" {
  command crowd "$(load_of 500 100)" >"$BATS_TEST_TMPDIR/crowd"
  standing+=("$(<"$BATS_TEST_TMPDIR/crowd")")
  { tamstat | head -n 2; } >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  kill -TERM "$(<"$BATS_TEST_TMPDIR/crowd")"
  assert_eq 2 "$(wc -l <"$BATS_TEST_TMPDIR/out")" "lines"
  assert_eq "" "$(<"$BATS_TEST_TMPDIR/err")" "standard error"
}

@test "tamstat: --watch shows a process that starts, and one that ends" {
  local shown
  socket=guest-$BATS_TEST_NUMBER
  tmux -L "$socket" -f /dev/null new-session -d -x 90 -y 20 "tamstat --watch 0.5 -c 'odd*'" 3>&-
  on_screen() { tmux -L "$socket" capture-pane -p | grep -qE "$1"; }
  retry 200 on_screen "^tamstat .* processes"
  stand --anon 20000 --comm-hex "$(printf oddly | od -An -tx1 | tr -d ' \n')"
  retry 200 on_screen " oddly$"
  shown=$(tmux -L "$socket" capture-pane -p | awk '/ oddly$/ { print $1, $2 }')
  assert_eq "$stood root" "$shown" "PID and user"
  kill_standing
  not_on_screen() { ! on_screen "$1"; }
  retry 200 not_on_screen " oddly$"
  tmux -L "$socket" send-keys q
  ended() { ! tmux -L "$socket" has-session 2>/dev/null; }
  retry 100 ended
}
