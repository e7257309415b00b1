# How long a reader of very many processes makes others wait, and how soon it ends.
# For a guest with the instruction clock: a nanosecond is an instruction.
# SPDX-License-Identifier: GPL-2.0-only

load scale

tracing=/sys/kernel/tracing
limit=100000 # ns
kill_limit=50000000

setup_file() {
  start_crowd
  # The search for hung tasks visits all tasks in one pass, which takes 3.6 ms if nothing
  # preempts it. The guests of 100-complete.bats have it.
  echo 0 >/proc/sys/kernel/hung_task_timeout_secs
}

teardown_file() {
  end_crowd
}

setup() {
  cd $tracing
  echo 0 >tracing_on
  echo nop >current_tracer
  echo 0 >events/enable
  : >set_event_pid
}

teardown() {
  cd $tracing
  echo 0 >tracing_on
  echo nop >current_tracer
  echo 0 >events/enable
}

# Emulated processors take turns, and each turn counts as time for all: even an idle
# processor is late. The test shows the reader's own share.
needs_few_processors() {
  (($(nproc) <= 2)) || skip "time is that of $(nproc) processors that take turns"
}

# ways: a name, a file, and the reader's uid
ways() {
  echo "pids $pids 0"
  echo "summary $summary 0"
  echo "pids-of-nobody $hidden/tamalloc/pids 1000"
  echo "summary-of-nobody $hidden/tamalloc/summary 1000"
}

# traced NAME FILE UID: sets $latency to the longest time in us with preemption or
# interrupts off while FILE is read, and prints which task was responsible and where.
traced() {
  echo preemptirqsoff >current_tracer
  echo 0 >tracing_max_latency
  run -0 stretch -u "$3" trace "$2" $tracing
  latency=$(sed -n 's/^# latency: \([0-9]*\) us.*/\1/p' trace)
  echo "# $mode $1: read in $(cut -d' ' -f2 <<<"$output") ns; longest $latency us," \
    "$(sed -n 's/^#  *| *task: *\([^ ]*\).*/\1/p' trace)," \
    "$(sed -n 's/^#  *=> *\(.*\)/\1/p' trace | paste -sd' ' | tr -s ' ')" >&3
  echo nop >current_tracer
}

# Everything during the read counts, including interrupts. So no attribution can make
# the figure look better than it is.
@test "scale: preemption and interrupts are never off for 100 us during a read" {
  local name file uid
  needs_few_processors
  while read -r name file uid; do
    traced "$name" "$file" "$uid"
    assert_between 1 "$latency" $((limit / 1000 - 1)) "us with preemption or interrupts off, $name"
  done < <(ways)
}

@test "scale: a visit to all processes with preemption off is noticed [control]" {
  needs_few_processors
  traced "signal 0 to all" all 0
  assert_le $((limit / 1000)) "$latency" "us with preemption off, $((limit / 1000)) or more"
}

# stretches READER: from the events in the trace, the stretches of the process READER
# from the moment when preemption or interrupts go off until both are on. A line each:
# the time, the time without the turns of other processors, and the functions that
# switched off and on. While another task runs in its place, the time is that task's.
# Emulated processors take turns, so time between two events of another processor was
# its own. All other time counts as the reader's.
stretches() {
  awk -v reader="$1" '
    function begin(where) { start = now; before = others; from = where }
    function end(where) {
      if (start) print now - start, now - start - (others - before), from, where
      start = 0
    }
    /^#/ { next }
    {
      for (i = 1; i <= NF; i++) if ($i ~ /^((irq|preempt)_(disable|enable)|sched_switch):$/) break
      if (i > NF) next
      for (j = 2; j < i; j++) if ($j ~ /^\[[0-9]+\]$/) break
      now = $(i - 1) + 0
      cpu = $j
      pid = $(j - 1)
      sub(/.*-/, "", pid)
      if (cpu == last_cpu && cpu != own_cpu) others += now - last
      last = now
      last_cpu = cpu
      if ($i == "sched_switch:") {
        if (pid == reader) end("sched_switch")
        else if ((irq || preempt) && $0 ~ (" next_pid=" reader " ")) begin("sched_switch")
        next
      }
      if (pid != reader) next
      own_cpu = cpu
      caller = $(i + 1)
      sub(/^caller=/, "", caller)
      sub(/\+.*/, "", caller)
      if ($i ~ /disable/) {
        if (!irq && !preempt) begin(caller)
        if ($i ~ /^irq/) irq = 1; else preempt = 1
      } else {
        if ($i ~ /^irq/) irq = 0; else preempt = 0
        if (!irq && !preempt) end(caller)
      }
    }'
}

@test "scale: the reader's own time is separated from that of others [control]" {
  local expected="100 40 _raw_spin_lock _raw_spin_unlock
10 10 sysvec_tick sysvec_tick
5 5 __cond_resched sched_switch
7 7 sched_switch __cond_resched"
  # Of 100 ns, 60 lie between two events of processor 2; then another task runs for 500.
  run -0 stretches 70 <<'TRACE'
# tracer: nop
     stretch-70   [001] d..1.  1000: preempt_disable: caller=_raw_spin_lock+0x10 parent=x
      <idle>-0    [002] d..1.  1010: irq_disable: caller=irqentry_enter+0x10 parent=x
      <idle>-0    [002] d..1.  1070: irq_enable: caller=irqentry_exit+0x10 parent=x
     stretch-70   [001] d..1.  1080: irq_disable: caller=sysvec_tick+0x10 parent=x
     stretch-70   [001] d..1.  1090: irq_enable: caller=sysvec_tick+0x10 parent=x
     stretch-70   [001] d..1.  1100: preempt_enable: caller=_raw_spin_unlock+0x10 parent=x
     stretch-70   [001] d..1.  1200: irq_disable: caller=sysvec_tick+0x10 parent=x
     stretch-70   [001] d..1.  1210: irq_enable: caller=sysvec_tick+0x10 parent=x
     stretch-70   [001] d..1.  1300: preempt_disable: caller=__cond_resched+0x10 parent=x
     stretch-70   [001] d..2.  1305: sched_switch: prev_comm=stretch prev_pid=70 prev_prio=120 prev_state=R ==> next_comm=a next_pid=8 next_prio=120
           a-8    [001] d..2.  1805: sched_switch: prev_comm=a prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=stretch next_pid=70 next_prio=120
     stretch-70   [001] d..1.  1812: preempt_enable: caller=__cond_resched+0x10 parent=x
TRACE
  assert_eq "$expected" "$output" "stretches"
}

# The code of the patches takes task_lock() and the locks of the counters. A stretch
# that begins elsewhere belongs to an interrupt, the copy to user space, or the
# scheduler. The time includes the recording of the events.
@test "scale: the longest stretches of a reader, by their begin" {
  local name file uid at=$BATS_TEST_TMPDIR whose=()
  # Per processor: about 1 kB for each process that is read
  echo $((scale * 4 / 3 + 4096)) >buffer_size_kb
  echo x86-tsc >trace_clock
  (($(nproc) == 1)) || whose=(all)
  while read -r name file uid; do
    : >trace
    : >set_event_pid
    echo 1 >events/preemptirq/enable
    echo 1 >events/sched/sched_switch/enable
    run -0 stretch -u "$uid" trace "$file" $tracing "${whose[@]}"
    echo 0 >events/enable
    assert_eq "" "$(grep -h '^\(overrun\|dropped events\): [^0]' per_cpu/*/stats || true)" "events lost"
    stretches "${output##* }" <trace >"$at/stretches"
    # By begin and end: the number of stretches, and the longest
    awk '{ at = $3 " to " $4; n[at]++; if ($2 > most[at]) { most[at] = $2; all[at] = $1 } }
      END { for (at in n) print most[at], all[at], at, n[at] }' "$at/stretches" |
      sort -rn >"$at/longest"
    head -n 6 "$at/longest" | awk -v what="$mode $name" '{
      printf "# %s: up to %d ns%s, %d times: %s to %s\n", what, $1,
        $1 == $2 ? "" : " (" $2 " with turns of other processors)", $6, $3, $5 }' >&3
    # The longest stretch, including the turns of others
    sort -rn "$at/stretches" | head -n 1 | awk -v what="$mode $name" '$1 != $2 {
      printf "# %s: the longest with turns of others: %d ns, %d without: %s to %s\n",
        what, $1, $2, $3, $4 }' >&3
    assert_between 1 "$(head -n 1 "$at/longest" | cut -d' ' -f1)" $((limit - 1)) \
      "ns with preemption or interrupts off, $name"
  done < <(ways)
}

@test "scale: a task of high priority never waits for 100 us more than beside an idle program" {
  local name file uid reading spinning
  needs_few_processors
  while read -r name file uid; do
    run -0 stretch -u "$uid" lag "$file"
    reading=$(awk '$1 == "reading" { print $4 }' <<<"$output")
    spinning=$(awk '$1 == "spinning" { print $4 }' <<<"$output")
    echo "# $mode $name: late by up to $reading ns while it is read, $spinning ns while it is not" >&3
    assert_between 1 "$spinning" $((limit - 1)) "ns late beside a program that makes no call"
    assert_between 1 "$reading" $((limit + spinning)) "ns late, $name"
  done < <(ways)
}

@test "scale: SIGKILL ends a reader in the middle of a read within 50 ms" {
  local name file uid longest
  while read -r name file uid; do
    run -0 stretch -u "$uid" kill "$file" 15
    longest=$(awk '$1 == "longest" { print $2 }' <<<"$output")
    echo "# $mode $name: $(paste -sd' ' <<<"$output")" >&3
    # The killed reader must have been in a read, or the test shows nothing.
    assert_le 14 "$(awk '$1 == "inside" { print $2 }' <<<"$output")" "readers that were killed in a read, of 15: 14 or more"
    assert_between 1 "$longest" $kill_limit "ns from the signal to the end, $name"
  done < <(ways)
}

@test "scale: a reader that cannot be killed in mid-read is noticed [control]" {
  local longest ours
  # The kernel's own listing of a /proc that hides all does not look at signals.
  run -0 stretch -u 1000 kill "$hidden" 15
  longest=$(awk '$1 == "longest" { print $2 }' <<<"$output")
  echo "# $mode listing: $(paste -sd' ' <<<"$output")" >&3
  run -0 stretch -u 1000 kill "$hidden/tamalloc/summary" 15
  ours=$(awk '$1 == "longest" { print $2 }' <<<"$output")
  assert_le $((3 * ours)) "$longest" "ns to the end of a reader of summary, three times, against a listing"
}

@test "scale: a reader that blocks all others is noticed [control]" {
  needs_few_processors
  run -0 stretch lag all
  echo "# $mode signal 0 to all: late by up to $(awk '$1 == "reading" { print $4 }' <<<"$output") ns" >&3
  assert_le $limit "$(awk '$1 == "reading" { print $4 }' <<<"$output")" "ns late, $limit or more"
}
