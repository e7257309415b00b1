# Which processes each reader sees.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

alice=1000 bob=1001 procview=100 nested=

setup() {
  copy=$BATS_TEST_TMPDIR/copy
  dir=$BATS_TEST_TMPDIR/mnt
  open_to_users "$dir"
}

teardown() {
  local mount
  chmod 0444 $pids $summary
  chgrp 0 $pids $summary
  end_nest
  kill_standing
  while read -r _ mount _; do
    [[ $mount != "$BATS_TEST_TMPDIR"/* ]] || umount "$mount"
  done </proc/mounts
}

# mount_proc OPTIONS: at $dir, in place of the last mount.
mount_proc() {
  ! mountpoint -q "$dir" || umount "$dir"
  mount -t proc -o "$1" proc "$dir"
}

last_pid() {
  local load
  load=$(</proc/loadavg)
  echo "${load##* }"
}

# by READER COMMAND...: as one of the kinds of readers.
by() {
  local reader=$1
  shift
  case $reader in
    root) "$@" ;;
    owner) as $alice "$@" ;;
    stranger) as $bob "$@" ;;
    member) setpriv --reuid $bob --regid $bob --groups $procview "$@" ;;
    # Root's ids without its capabilities.
    powerless) setpriv --clear-groups --regid $bob --bounding-set=-all --inh-caps=-all "$@" ;;
  esac
}

# assert_same_view READER: the rows are those of the processes whose status the reader
# can open, and summary counts and sums exactly these. The rows are then in $seen.
assert_same_view() {
  local out rows counts sums open n
  out=$(by "$1" look "$dir" "$(last_pid)")
  {
    read -r _ rows
    read -r _ counts
    read -r _ sums
    read -r _ open
  } <<<"$out"
  assert_eq "$open" "$rows" "PIDs for $1 under $(grep "$dir" /proc/mounts)"
  n=$(wc -w <<<"$rows")
  assert_eq "$n $n" "$counts" "Processes and rows for $1"
  # shellcheck disable=SC2086  # words
  set -- $sums
  while (($#)); do
    assert_eq "$2" "$1" "a total, by the sum of the rows"
    shift 2
  done
  seen=" $rows "
}

# assert_seen YES|NO PID WHAT
assert_seen() {
  local actual=no
  [[ $seen != *" $2 "* ]] || actual=yes
  assert_eq "$1" "$actual" "is $3 seen"
}

# private_view HIDEPID GID: all readers of one kind of mount. The visible processes are
# also written here, because the oracle and the rows could be wrong together.
private_view() {
  local hidepid=$1 gid=$2 reader mine other secret rootish stranger_sees member_sees
  stand --anon 100
  rootish=$stood
  stand_as $alice --anon 200
  mine=$stood
  stand_as $alice --anon 300 --nondumpable
  secret=$stood
  stand_as $bob --anon 400
  other=$stood
  mount_proc "hidepid=$hidepid${gid:+,gid=$gid}"

  stranger_sees=no member_sees=no
  [[ $hidepid != 0 ]] || stranger_sees=yes
  [[ $hidepid != 0 && ($hidepid == 4 || $gid != "$procview") ]] || member_sees=yes

  assert_same_view root
  for reader in $rootish $mine $secret $other; do
    assert_seen yes "$reader" "$reader by root"
  done
  assert_same_view owner
  assert_seen yes "$mine" "the owner's process by its owner"
  assert_seen "$stranger_sees" "$secret" "the owner's non-dumpable process by its owner"
  assert_seen "$stranger_sees" "$other" "another's process by the owner"
  assert_seen "$stranger_sees" "$rootish" "root's process by the owner"
  assert_same_view stranger
  assert_seen yes "$other" "the stranger's own process"
  assert_seen "$stranger_sees" "$mine" "the owner's process by a stranger"
  assert_seen "$stranger_sees" "$rootish" "root's process by a stranger"
  assert_same_view member
  assert_seen "$member_sees" "$mine" "the owner's process by a member"
  assert_seen "$member_sees" "$secret" "the non-dumpable process by a member"
  assert_seen "$member_sees" "$rootish" "root's process by a member"
  assert_same_view powerless
  # A process with fewer privileges than root's may not trace it.
  assert_seen "$stranger_sees" "$rootish" "root's process by root without capabilities"
  assert_seen "$stranger_sees" "$mine" "the owner's process by root without capabilities"
}

@test "private: each reader sees what it can open [hidepid=0]" {
  private_view 0 ''
}

@test "private: each reader sees what it can open [hidepid=0,gid=]" {
  private_view 0 $procview
}

@test "private: each reader sees what it can open [hidepid=1]" {
  private_view 1 ''
}

@test "private: each reader sees what it can open [hidepid=1,gid=]" {
  private_view 1 $procview
}

@test "private: each reader sees what it can open [hidepid=2]" {
  private_view 2 ''
}

@test "private: each reader sees what it can open [hidepid=2,gid=]" {
  private_view 2 $procview
}

@test "private: each reader sees what it can open [hidepid=4]" {
  private_view 4 ''
}

@test "private: each reader sees what it can open [hidepid=4,gid=]" {
  private_view 4 $procview
}

@test "private: group 0, the default of gid=, sees all under hidepid=2 [control]" {
  stand --anon 100
  mount_proc hidepid=2
  # The view of the tests above if they kept root's group.
  seen=" $(setpriv --reuid $bob --regid 0 --clear-groups look "$dir" "$(last_pid)" | head -n 1) "
  assert_seen yes "$stood" "root's process by a member of group 0"
  seen=" $(as $bob look "$dir" "$(last_pid)" | head -n 1) "
  assert_seen no "$stood" "root's process by a stranger"
}

@test "private: a hidden process is in no total" {
  local before after
  mount_proc hidepid=2
  before=$(as $bob cat "$dir/tamalloc/summary" | head -n 1)
  stand_as $alice --anon 5000
  after=$(as $bob cat "$dir/tamalloc/summary" | head -n 1)
  assert_eq "$before" "$after" "Processes for a stranger"
  assert_le "$(as $bob cat "$dir/tamalloc/summary" | key TotalAnon -)" 4999 "TotalAnon for a stranger"
  # That the reader sees its own process shows that the number can change.
  stand_as $bob --anon 5000
  assert_le 5000 "$(as $bob cat "$dir/tamalloc/summary" | key TotalAnon -)" "5000 or more"
}

# nest: a pid namespace in a pid namespace, each with three processes and a proc mount,
# at $dir/inner and $dir/innermost. All are in the mount namespace of the test.
nest() {
  mkdir -p "$dir/inner" "$dir/innermost"
  cat >"$dir/innermost.sh" <<TEXT
mount -t proc proc '$dir/innermost'
stand --anon 700 >/dev/null
echo ready >'$dir/ready'
exec sleep infinity
TEXT
  cat >"$dir/inner.sh" <<TEXT
mount -t proc proc '$dir/inner'
stand --anon 900 >/dev/null
exec unshare --pid --fork bash '$dir/innermost.sh'
TEXT
  unshare --pid --fork setsid bash "$dir/inner.sh" </dev/null >"$dir/log" 2>&1 3>&- &
  nested=$!
  retry 300 test -s "$dir/ready"
}

# end_nest: when the first process of a namespace ends, all others end.
end_nest() {
  [[ -n $nested ]] || return 0
  gawk 'BEGINFILE { if (ERRNO) nextfile } $1 == "NSpid:" && NF == 3 && $3 == 1 { print $2 }' \
    /proc/[0-9]*/status | xargs -r kill -KILL
  wait "$nested" || true
  nested=
}

# ids_at DEPTH: the ids that status shows, in a pid namespace DEPTH below this one, for
# all processes there that have an address space.
ids_at() {
  gawk -v depth="$1" '
    BEGINFILE { if (ERRNO) nextfile; id = "" }
    $1 == "NSpid:" { id = NF >= depth + 2 ? $(depth + 2) : "" }
    $1 == "VmSize:" && id != "" { print id }' /proc/[0-9]*/status | sort -n | paste -sd' '
}

@test "private: a pid namespace has its own rows and ids, twice nested" {
  local list inner innermost
  nest
  inner=$(column PID "$dir/inner/tamalloc/pids" | paste -sd' ')
  innermost=$(column PID "$dir/innermost/tamalloc/pids" | paste -sd' ')
  assert_eq "$(ids_at 1)" "$inner" "ids in the inner namespace"
  assert_eq "$(ids_at 2)" "$innermost" "ids in the innermost namespace"
  assert_eq 1 "${inner%% *}" "the first id in the inner namespace"
  assert_eq 2 "$(wc -w <<<"$innermost")" "processes in the innermost namespace"
  assert_eq 2 "$(key Processes "$dir/innermost/tamalloc/summary")" Processes
  assert_eq "$(wc -w <<<"$inner")" "$(key Processes "$dir/inner/tamalloc/summary")" Processes

  # The outer mount shows all processes, with the outer ids.
  list=$(column PID | paste -sd' ')
  for pid in $(gawk 'BEGINFILE { if (ERRNO) nextfile } $1 == "NSpid:" && NF > 2 { print $2 }' \
    /proc/[0-9]*/status); do
    [[ " $list " == *" $pid "* ]] || fail "expected a row of $pid, actual: $list"
  done

  # The same processes, with the same figures and other ids (PID, PPID).
  assert_eq "$(gawk 'NR > 1 { $1 = $16 = ""; print }' "$dir/innermost/tamalloc/pids" | sort)" \
    "$(gawk 'NR == FNR { seen[$3 $4 $5 $NF]; next } FNR > 1 && ($3 $4 $5 $NF) in seen { $1 = $16 = ""; print }' \
      "$dir/innermost/tamalloc/pids" $pids | sort)" "rows without their ids"
}

@test "private: a mount shows its own pid namespace to every reader" {
  local init outside
  nest
  # Read from the innermost namespace, the outer mounts show the same as here.
  init=$(gawk 'BEGINFILE { if (ERRNO) nextfile }
    $1 == "NSpid:" && NF == 4 && $4 == 1 { print $2 }' /proc/[0-9]*/status)
  nsenter --target "$init" --pid cat "$dir/inner/tamalloc/pids" >"$copy.inner"
  nsenter --target "$init" --pid cat $pids >"$copy.outer"
  assert_eq "$(ids_at 1) " "$(column PID "$copy.inner" | grep -vxF "$(tail -n 1 "$copy.inner" | awk '{ print $1 }')" | paste -sd' ') " \
    "the inner mount, less the reader"
  has_row 1 "$copy.outer" || fail "expected the first process in the outer mount"
  assert_eq "$(field 1 STARTTIME)" "$(field 1 STARTTIME "$copy.outer")" "its start"
  has_row "$init" "$copy.outer" || fail "expected $init in the outer mount"
  # A process of the outermost namespace has no row in the inner mount.
  stand --anon 100
  outside=$(field "$stood" STARTTIME)
  assert_eq "" "$(column STARTTIME "$dir/inner/tamalloc/pids" | grep -xF "$outside" || true)" \
    "rows in the inner mount that started with $stood"
}

@test "private: user ids are those of the reader's user namespace" {
  stand --anon 100
  local rootish=$stood
  stand_as $alice --anon 100
  # shellcheck disable=SC2016  # expanded inside
  as $alice unshare --user --map-root-user bash -c '
    cat /proc/tamalloc/pids
    for pid; do sed -n "s/^Uid:\t[0-9]*\t\([0-9]*\).*/\1/p" "/proc/$pid/status"; done
  ' uids "$rootish" "$stood" >"$copy"
  assert_eq "65534 0" "$(tail -n 2 "$copy" | paste -sd' ')" "ids by status"
  assert_eq 65534 "$(cat /proc/sys/kernel/overflowuid)" "the overflow id"
  assert_eq 65534 "$(field "$rootish" UID "$copy")" "UID of root's process"
  assert_eq 0 "$(field "$stood" UID "$copy")" "UID of the owner's process"
  # Outside, both keep their ids.
  assert_eq "0 1000" "$(field "$rootish" UID) $(field "$stood" UID)" "UIDs outside"
}

@test "private: the start of a process is in the reader's time namespace" {
  local outside inside
  stand
  outside=$(field "$stood" STARTTIME)
  # shellcheck disable=SC2016  # expanded inside
  inside=$(unshare --time --boottime 100000 --fork bash -c '
    cat /proc/tamalloc/pids >"$0"; cut -d" " -f22 "/proc/$1/stat"' "$copy" "$stood")
  assert_eq "$inside" "$(field "$stood" STARTTIME "$copy")" STARTTIME
  assert_eq $((outside + 100000 * 100)) "$inside" "/proc/PID/stat in the time namespace"
}

@test "private: subset=pid has no tamalloc" {
  mount_proc subset=pid
  [[ ! -e $dir/tamalloc ]] || fail "there is $dir/tamalloc"
  run -1 cat "$dir/tamalloc/pids"
  [[ -e $dir/self/status ]] || fail "the mount has not even self"
  mount_proc hidepid=0
  [[ -e $dir/tamalloc/pids ]] || fail "without subset=pid it is missing, too [control]"
}

@test "private: nothing can be written" {
  local file
  for file in $pids $summary; do
    run -1 bash -c "echo 1 >$file"
    run -1 bash -c "echo 1 >>$file"
    run -1 as $bob bash -c "echo 1 >$file"
    run -1 as $bob bash -c ": >$file"
    run -1 mv $file /proc/tamalloc/other
    run -1 ln -s $file /proc/tamalloc/other
    # This is no error and does nothing, as everywhere in /proc.
    truncate -s 0 $file
    assert_le 200 "$(wc -c <$file)" "bytes in $file, 200 or more"
    assert_eq 444 "$(stat -c %a $file)" "mode of $file"
  done
}

# suspicious FILE: numbers that look like kernel addresses, hexadecimal or decimal.
suspicious() {
  grep -oE '\b(0x)?[0-9a-fA-F]{12,}\b' "$1" || true
}

@test "private: no kernel address appears" {
  stand --anon 100 --comm-hex 41
  cat $pids $summary >"$copy"
  assert_eq "" "$(suspicious "$copy")" "numbers that look like addresses"
  assert_eq "" "$(as $bob cat $pids | grep -iE '[^a-z]0x|ffff' || true)" "hexadecimal numbers"
  # Such a number would be found [control].
  printf '  12 ffff888003c12340 x\n 7 18446612682134528000 y\n' >"$copy"
  assert_eq 2 "$(suspicious "$copy" | wc -l)" "addresses found"
}

@test "private: a descriptor shows what its opener could see, to any reader" {
  local rootish own
  stand --anon 100
  rootish=$stood
  stand_as $bob --anon 100
  own=$stood
  mount_proc hidepid=2

  # Opened by another user, read by root.
  openas $bob "$dir/tamalloc/pids" cat >"$copy"
  has_row "$own" "$copy" || fail "the opener's own process has no row"
  has_row "$rootish" "$copy" && fail "root lent its privilege to a stranger"
  openas $bob "$dir/tamalloc/summary" cat >"$copy.summary"
  assert_le "$(key Processes "$copy.summary")" 2 "Processes for a stranger"

  # Opened by root, read by another user.
  as $bob cat <"$dir/tamalloc/pids" >"$copy"
  has_row "$rootish" "$copy" || fail "a process that root could see has no row"
  as $bob cat "$dir/tamalloc/pids" >"$copy"
  has_row "$rootish" "$copy" && fail "a stranger's own descriptor shows root's process [control]"

  # /proc/PID/status does the same: the kernel checks it when it is opened.
  run -1 as $bob cat "$dir/$rootish/status"
  as $bob cat <"$dir/$rootish/status" >"$copy"
  assert_eq "$rootish" "$(sed -n 's/^Pid:\t//p' "$copy")" "Pid in a status opened by root"
  run -1 openas $bob "$dir/$rootish/status" cat
}

@test "private: user ids are mapped as the opener would map them" {
  stand_as $alice --anon 100
  # Opened outside and read inside a user namespace, as status does.
  as $alice unshare --user --map-root-user cat <$pids >"$copy"
  assert_eq 1000 "$(field "$stood" UID "$copy")" "UID through a descriptor from outside"
  as $alice unshare --user --map-root-user cat <"/proc/$stood/status" >"$copy"
  assert_eq 1000 "$(awk '$1 == "Uid:" { print $3 }' "$copy")" "Uid through a descriptor from outside"
  as $alice unshare --user --map-root-user cat $pids >"$copy"
  assert_eq 0 "$(field "$stood" UID "$copy")" "UID through a descriptor of its own [control]"
}

@test "private: a reader always sees itself, and the processes that it may trace" {
  mount_proc hidepid=4
  # shellcheck disable=SC2016  # expanded inside
  as $bob bash -c 'while read -r pid _; do echo "$pid"; done <"$0/tamalloc/pids"; echo "self $$"' \
    "$dir" >"$copy"
  assert_eq "PID $(sed -n 's/^self //p' "$copy") self" \
    "$(sed 's/ .*//' "$copy" | paste -sd' ')" "rows for a stranger with one process"
}

# as_member COMMAND...: as a stranger who is in the group that may read
as_member() {
  setpriv --reuid $bob --regid $bob --groups $procview "$@"
}

@test "private: chmod and chgrp bind at the next open, and not for who has opened" {
  local file held
  for file in $pids $summary; do
    run -0 as $bob cat $file
    exec {held}<$file
    chmod 0440 $file
    chgrp $procview $file
    run -1 as $bob cat $file
    [[ $output == *"Permission denied" ]] || fail "a stranger: $output"
    run -0 as_member cat $file
    # Of the owner itself, no capability is asked.
    run -0 by powerless cat $file
    # Whoever can hand a descriptor on, hands on what it shows.
    assert_le 2 "$(as $bob wc -l <&"$held")" "lines through a descriptor from before, 2 or more"
    exec {held}<&-

    chmod 0444 $file
    chgrp 0 $file
    run -0 as $bob cat $file
  done
}

@test "private: a mount that is made later has the modes, one that knew the file keeps its own" {
  mount_proc hidepid=0
  local known=$dir later=$BATS_TEST_TMPDIR/later
  mkdir "$later"
  run -0 as $bob cat "$known/tamalloc/pids"
  chmod 0440 $pids
  chgrp $procview $pids
  mount -t proc proc "$later"
  run -1 as $bob cat "$later/tamalloc/pids"
  [[ $output == *"Permission denied" ]] || fail "on the mount made later: $output"
  assert_eq "440 $procview" "$(stat -c '%a %g' "$later/tamalloc/pids")" "mode and group there"
  # As for each file of /proc. proc_tamalloc(5) says so, and what helps.
  assert_eq 444 "$(stat -c %a "$known/tamalloc/pids")" "mode on the mount that knew the file"
  run -0 as $bob cat "$known/tamalloc/pids"
  chmod 0440 "$known/tamalloc/pids"
  run -1 as $bob cat "$known/tamalloc/pids"
  [[ $output == *"Permission denied" ]] || fail "when it was repeated there: $output"
}

@test "private: nobody but the owner changes modes, also not root of a user namespace" {
  run -1 as $alice chmod 0777 $pids
  [[ $output == *"Operation not permitted" ]] || fail "a stranger: $output"
  run -1 as $alice unshare --user --map-root-user chmod 0777 $pids
  [[ $output == *"Operation not permitted" ]] || fail "root of a user namespace: $output"
  assert_eq "444 0" "$(stat -c '%a %u' $pids)" "mode and owner"
}
