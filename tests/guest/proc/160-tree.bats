# PPID and CGROUP.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

cgroups=/sys/fs/cgroup
top=$cgroups/tree

setup() {
  copy=$BATS_TEST_TMPDIR/copy
}

teardown() {
  kill_standing
  [[ ! -d $top ]] || find $top -depth -type d -exec rmdir {} +
}

# enter DIR PID: move a process
enter() {
  echo "$2" >"$1/cgroup.procs"
}

# cgroup_is DIR PID: that row and /proc/PID/cgroup both name that directory.
cgroup_is() {
  cat $pids >"$copy"
  assert_eq "$(stat -c %i "$1")" "$(field "$2" CGROUP "$copy")" "CGROUP of $2 in $1"
  assert_rows "$copy" "$2"
}

@test "pids: PPID is the parent, and changes with it" {
  local parent child
  # The shell's child becomes a child of PID 1 when the shell ends.
  setsid bash -c 'sleep infinity & echo $$ $!; exec sleep infinity' >"$copy" </dev/null 3>&- &
  retry 50 grep -q ' ' "$copy"
  read -r parent child <"$copy"
  standing+=("$parent")
  assert_eq "$parent" "$(field "$child" PPID)" "PPID before"
  cat $pids >"$copy"
  assert_rows "$copy" "$parent" "$child"
  kill -KILL "$parent"
  retry 100 has_parent "$child" 1
  assert_eq 1 "$(awk '$1 == "PPid:" { print $2 }' "/proc/$child/status")" PPid
}

has_parent() {
  [[ $(field "$1" PPID) == "$2" ]]
}

@test "pids: PPID is that of the mount's pid namespace, 0 for a parent outside" {
  run -0 unshare -p -f --mount-proc bash -c '
    sleep infinity & awk "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next }
      { print \$(at[\"PID\"]), \$(at[\"PPID\"]) }" /proc/tamalloc/pids; kill $!'
  assert_eq "1 0" "${lines[0]}" "PID and PPID of the first process"
  assert_eq "2 1" "${lines[1]}" "of its child"
  # PID 1 has no parent, 2 and kthreadd have no row.
  assert_eq 0 "$(field 1 PPID)" "PPID of PID 1"
}

@test "pids: CGROUP follows a process through nested cgroups" {
  mkdir -p $top/a/b/c
  stand
  cgroup_is $cgroups "$stood"
  enter $top/a/b/c "$stood"
  cgroup_is $top/a/b/c "$stood"
  enter $top/a "$stood"
  cgroup_is $top/a "$stood"
}

@test "pids: CGROUP is that of the main thread, also when cgroups are threaded" {
  local tid
  mkdir -p $top/a $top/b
  stand --threads 3
  enter $top "$stood"
  echo threaded >$top/a/cgroup.type
  echo threaded >$top/b/cgroup.type
  tid=$(printf '%s\n' "/proc/$stood/task/"* | sed 's|.*/||' | grep -vx "$stood" | head -n 1)
  echo "$tid" >$top/a/cgroup.threads
  cgroup_is $top "$stood"
  echo "$stood" >$top/b/cgroup.threads
  cgroup_is $top/b "$stood"
}

@test "pids: CGROUP is the host's number inside a cgroup namespace" {
  local inode
  mkdir -p $top/a
  inode=$(stat -c %i $top/a)
  # shellcheck disable=SC2016  # for the shell inside
  run -0 bash -c 'echo $$ >"$1/cgroup.procs"; exec unshare -C bash -c "
    grep ^0:: /proc/self/cgroup
    awk -v pid=\$\$ \"NR == 1 { for (i = 1; i <= NF; i++) at[\\\$i] = i; next }
      \\\$1 == pid { print \\\$(at[\\\"CGROUP\\\"]) }\" /proc/tamalloc/pids"' - $top/a
  assert_eq "0::/" "${lines[0]}" "/proc/self/cgroup inside"
  assert_eq "$inode" "${lines[1]}" "CGROUP inside"
}

@test "pids: CGROUP of a main thread that is dead, in a cgroup that is gone" {
  local inode
  mkdir -p $top/a $top/b
  inode=$(stat -c %i $top/a)
  # shellcheck disable=SC2016  # for the shell inside
  stood=$(bash -c 'echo $$ >"$1/cgroup.procs"; exec stand --leader-exits' - $top/a)
  standing+=("$stood")
  # Only the thread that runs can move; the main thread keeps nothing in its cgroup.
  enter $top/b "$stood"
  retry 100 rmdir $top/a
  assert_eq "0::/tree/a (deleted)" "$(grep ^0:: "/proc/$stood/cgroup")" "/proc/PID/cgroup"
  assert_eq "$inode" "$(field "$stood" CGROUP)" CGROUP
}

@test "pids: CGROUP is 1 for a process that is in a cgroup of version 1 only" {
  local dir=$BATS_TEST_TMPDIR/v1
  mkdir "$dir"
  mount -t cgroup -o none,name=tree none "$dir"
  mkdir "$dir/a"
  stand
  enter "$dir/a" "$stood"
  cat $pids >"$copy"
  assert_eq 1 "$(grep -c 'name=tree:/a$' "/proc/$stood/cgroup")" "lines of /proc/PID/cgroup"
  kill_standing
  retry 100 rmdir "$dir/a"
  umount "$dir"
  assert_eq 1 "$(field "$stood" CGROUP "$copy")" CGROUP
}
