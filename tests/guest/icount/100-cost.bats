# The cost of reads, in a guest whose clock counts instructions (guest --icount).
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

# flat FILE [fixed]: the cost of a read divided by the number of processes, for
# 100, 1,000 and 10,000 processes: within 10 percent. Only the cost of reading the
# clock is subtracted. With "fixed", so is the cost of a read that finds only the few
# processes of the guest, which then do not count.
flat() {
  local number time each least=0 most=0 few=0 base=0
  run -0 cost read "$1" 0 100 1000 10000
  assert_eq "100 1000 10000" "$(tail -n +2 <<<"$output" | cut -d' ' -f1 | paste -sd' ')" processes
  while read -r number time _; do
    if ((number < 100)); then
      [[ ${2-} != fixed ]] || { few=$number base=$time; }
      echo "# $1: $number processes, $time instructions" >&3
      continue
    fi
    each=$(((time - base) / (number - few)))
    echo "# $1: $number processes, $time instructions, $each each" >&3
    ((least != 0 && least <= each)) || least=$each
    ((most >= each)) || most=$each
  done <<<"$output"
  assert_le $((most * 100)) $((least * 110)) "dearest, at most 1.10 of the cheapest, in hundredths"
}

@test "cost: a row of pids costs the same among 100, 1,000 and 10,000" {
  flat $pids
}

@test "cost: a process in summary costs the same among 100, 1,000 and 10,000" {
  flat $summary fixed
}

@test "cost: a cost that is not flat is noticed [control]" {
  # To list a directory per process costs more per process, the more there are.
  cost() {
    printf '10 10000 1000\n100 100000 1000\n1000 1110000 1110\n10000 10000000 1000\n'
  }
  run ! flat $pids
}

@test "reading: a reader killed in the middle of a read of 10,000 ends at once" {
  local whole longest
  run -0 cost kill $summary 10000
  read -r whole longest <<<"$output"
  echo "# a whole read $whole instructions, from kill to end $longest" >&3
  # At least 45 percent of the read remain when the signal arrives. The exit of a
  # process has its own cost, which is most of this.
  assert_le "$longest" $((whole / 5)) "from kill to end"
}
