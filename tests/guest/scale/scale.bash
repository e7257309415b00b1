# Shared by the tests with very many processes. The kernel's command line sets their
# number (tamalloc.scale=) and the preemption mode (preempt=).
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# This many processes share an address space. With one each, 100,000 take more memory
# than the guest has.
share=5

cmdline_value() {
  local word words
  read -ra words </proc/cmdline
  for word in "${words[@]}"; do
    [[ $word != "$1="* ]] || echo "${word#*=}"
  done
}

# start_crowd: for setup_file. The PIDs of the crowd are in the file $crowd_pids, and
# $hidden is a proc mount that shows to a user only the user's own processes.
start_crowd() {
  scale=$(cmdline_value tamalloc.scale)
  mode=$(cmdline_value preempt)
  crowd_pids=$BATS_FILE_TMPDIR/crowd
  # A user cannot enter the directories of bats.
  hidden=/mnt/hidden
  export scale mode crowd_pids hidden
  echo 1000000 >/proc/sys/kernel/pid_max
  echo 1000000 >/proc/sys/kernel/threads-max
  echo 10 >/proc/sys/kernel/hung_task_timeout_secs
  mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
  mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
  mkdir -p "$hidden"
  mount -t proc -o hidepid=2 proc "$hidden"
  led=$(crowd "$scale" "$crowd_pids" "$share")
  export led
}

# end_crowd: for teardown_file
end_crowd() {
  kill -TERM "$led" || true
  # The leader ends last. A signal to its group would visit each remaining process.
  retry 3000 gone "$led"
  umount "$hidden"
}

# The preemption mode that the kernel reports
preempts() {
  sed -E 's/.*\((.*)\).*/\1/' /sys/kernel/debug/sched/preempt
}
