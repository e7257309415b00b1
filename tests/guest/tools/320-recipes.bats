# The recipes of docs/monitoring.md give the right answers. They run exactly as printed
# there. The expected values come from other sources than the files.
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

document=${TAMALLOC_RECIPES:-/tamalloc/docs/monitoring.md}

setup_file() {
  mkswap /dev/vda >/dev/null
  swapon /dev/vda
}

teardown_file() {
  swapoff /dev/vda
}

setup() {
  recorder=
}

teardown() {
  [[ -z $recorder ]] || kill "$recorder" 2>/dev/null || true
  kill_standing
  rm -f /var/tmp/pids.morning /var/tmp/history.*
}

# recipe HEADING [N]: the N-th block of code under that heading.
recipe() {
  awk -v heading="### $1" -v n="${2:-1}" '
    /^#/ && !inside { here = $0 == heading }
    /^```/ { if (here && !inside && $0 == "```sh") n--; inside = !inside; next }
    here && inside && n == 0 { print; found = 1 }
    END { exit !found }' "$document" || fail "there is no recipe $2 \"$1\" in $document"
}

# answer HEADING [N]: the output of the block in a POSIX shell.
answer() {
  recipe "$@" >"$BATS_TEST_TMPDIR/recipe"
  run -0 --separate-stderr dash -eu "$BATS_TEST_TMPDIR/recipe"
  assert_eq "" "$stderr" "standard error of \"$1\""
}

# status_kb PID KEY: the value in /proc/PID/status, or 0 without one.
status_kb() {
  awk -v key="$2:" '$1 == key { kb = $2 } END { print kb + 0 }' "/proc/$1/status"
}

# iec KB: for people, with units of 1024; below 10 one decimal, rounded up.
iec() {
  numfmt --from-unit=1024 --to=iec "$1"
}

# all_status: PID, uid and the key of all processes with an address space.
all_status() {
  # A process that ended meanwhile prints nothing.
  awk -v key="$1:" '
    function flush() { if (user) print pid, uid, kb + 0 }
    FNR == 1 { flush(); user = kb = 0 }
    $1 == "Pid:" { pid = $2 }
    $1 == "Uid:" { uid = $3 }
    $1 == "VmSize:" { user = 1 }
    $1 == key { kb = $2 }
    END { flush() }' /proc/[0-9]*/status 2>/dev/null || true
}

@test "recipes: there are ten or more, each has a test" {
  local heading
  mapfile -t headings < <(awk '/^## / { here = $0 == "## Recipes" } here && sub(/^### /, "")' "$document")
  assert_le 10 "${#headings[@]}" "number of recipes"
  for heading in "${headings[@]}"; do
    grep -qF "answer \"$heading\"" "$BATS_TEST_FILENAME" || fail "no test for \"$heading\""
  done
}

@test "recipes: every command is for a shell of POSIX" {
  local heading
  while IFS= read -r heading; do
    recipe "$heading" >"$BATS_TEST_TMPDIR/recipe"
    dash -n "$BATS_TEST_TMPDIR/recipe" || fail "$heading"
  done < <(awk '/^## / { here = $0 == "## Recipes" } here && sub(/^### /, "")' "$document")
}

@test "recipes: who holds the most memory" {
  local i expected=''
  for i in 5 4 3 2 1; do
    stand --anon $((i * $(load_of 30000 12000)))
    expected+="$(iec "$(status_kb "$stood" VmRSS)") $stood stand"$'\n'
  done
  answer "Who holds the most memory?"
  assert_eq "${expected%$'\n'}" "$(tr -s ' ' <<<"$output")" "the five largest"
}

@test "recipes: who reserved and never touched" {
  local i size hwm expected=''
  for i in 5 4 3 2 1; do
    stand --reserve $((i * 1000000)) --anon $((i * 100))
    size=$(status_kb "$stood" VmSize)
    hwm=$(status_kb "$stood" VmHWM)
    expected+="$(iec $((size - hwm))) $stood stand"$'\n'
  done
  answer "Who reserved memory and never touched it?"
  assert_eq "${expected%$'\n'}" "$(tr -s ' ' <<<"$output")" "the five largest"
}

@test "recipes: who had memory and gave it back" {
  local given
  stand --drop 100000 --swap 20000
  assert_le 15000 "$(status_kb "$stood" VmSwap)" "kB swapped out"
  given=$(($(status_kb "$stood" VmHWM) - $(status_kb "$stood" VmRSS) - $(status_kb "$stood" VmSwap)))
  assert_between 70000 "$given" 110000 "kB given back"
  answer "Who had memory and gave it back?"
  assert_eq "$(iec "$given") $stood stand" "$(tr -s ' ' <<<"${lines[0]}")" "the first"
}

@test "recipes: who grew since this morning" {
  local new grower before
  cd "$BATS_TEST_TMPDIR"
  stand --anon "$(load_of 90000 30000)"
  # A process that grows on request.
  mkfifo go
  # shellcheck disable=SC2016  # the variables are its own
  setsid bash -c 'echo >ready; read -r _ <go; data=$(head -c '"$(load_of 30000000 10000000)"' /dev/zero | tr "\0" x); echo >grown; read -r _ <go' \
    3>&- &
  grower=$!
  standing+=("$grower")
  # Before that, it loads its libraries, and grows.
  retry 300 test -e ready
  retry 300 state_is "$grower" S
  before=$(status_kb "$grower" VmRSS)
  answer "Who grew since this morning?" 1
  echo >go
  retry 300 test -e grown
  stand --anon "$(load_of 100000 40000)"
  new=$stood
  answer "Who grew since this morning?" 2
  assert_eq "$(iec "$(status_kb "$new" VmRSS)") $new stand
$(iec $(($(status_kb "$grower" VmRSS) - before))) $grower bash" "$(head -n 2 <<<"$output" | tr -s ' ')" "processes that grew"
  run ! grep -w "${standing[0]}" <<<"$output"
}

@test "recipes: which user holds how much" {
  local unit
  unit=$(load_of 50000 4000)
  stand_as 1000 --anon $((8 * unit))
  stand_as 1000 --anon $((4 * unit))
  stand_as 1001 --anon $((6 * unit))
  stand_as 7777 --anon $((5 * unit))
  answer "Which user holds how much?"
  assert_eq "$(all_status VmRSS | awk '{ kb[$2] += $3 } END { for (u in kb) if (u >= 1000) print kb[u], u }' |
    sort -rn | sed 's/ 1000$/ alice/; s/ 1001$/ bob/' | numfmt --from-unit=1024 --to=iec)" \
    "$(grep -v ' root$' <<<"$output" | tr -s ' ')" "users"
  assert_eq 4 "${#lines[@]}" "lines"
}

@test "recipes: which program holds how much" {
  local pid kb=0 i
  for i in 1 2 3; do
    stand --anon "$(load_of 80000 20000)" --comm-hex "$(printf 'big one' | od -An -tx1 | tr -d ' \n')"
    kb=$((kb + $(status_kb "$stood" RssAnon) + $(status_kb "$stood" VmSwap)))
  done
  stand --anon "$(load_of 100000 25000)"
  answer "Which program holds how much, over all its processes?"
  assert_eq "$(iec "$kb") 3 big\\040one" "$(tr -s ' ' <<<"${lines[0]}")" "the first"
  assert_eq "stand" "${lines[1]##* }" "the second"
}

@test "recipes: whom the OOM killer takes next, as the kernel then does" {
  local victim unit
  unit=$(load_of 100000 20000)
  stand --anon "$unit"
  stand --anon $((3 * unit))
  victim=$stood
  stand --anon $((2 * unit))
  stand --anon $((4 * unit)) --oom-adj -1000
  answer "Whom would the OOM killer take next?"
  assert_eq "$(</proc/"$victim"/oom_score) 0 $victim stand" "$(tr -s ' ' <<<"${lines[0]}")" "the first"
  echo f >/proc/sysrq-trigger
  retry 300 gone "$victim"
  dmesg | grep -q "Killed process $victim (stand)" || fail "the OOM killer took another one:" \
    "$(dmesg | grep 'Killed process')"
}

@test "recipes: how much is in page tables" {
  local i expected='' total
  for i in 1500 1000 500; do
    stand --sparse "$i"
    expected+=$'\n'"$(status_kb "$stood" VmPTE) $stood stand"
  done
  total=$(all_status VmPTE | awk '{ sum += $3 } END { print sum }')
  answer "How much is in page tables, and whose are they?"
  assert_eq "${expected#$'\n'}" "$(tail -n +2 <<<"$output")" "the three largest"
  # Some programs started and ended meanwhile.
  assert_between $((total - 125 * page_kb)) "${lines[0]#all together }" $((total + 125 * page_kb)) "all together"
}

@test "recipes: who is in swap" {
  local first
  answer "Who is in swap?"
  stand --swap 20000
  first=$stood
  stand --swap 10000
  assert_le 9000 "$(status_kb "$stood" VmSwap)" "kB swapped out"
  answer "Who is in swap?"
  assert_eq "$(all_status VmSwap | awk '$3 > 0 { print $3, $1 }' | sort -rn |
    numfmt --from-unit=1024 --to=iec)" "$(tr -s ' ' <<<"$output" | cut -d' ' -f1,2)" "all in swap"
  assert_eq "$first" "$(tr -s ' ' <<<"${lines[0]}" | cut -d' ' -f2)" "the first"
}

@test "recipes: how many run in the address space of another" {
  local before
  answer "How many processes run in the address space of another?"
  before=$output
  stand --clone-vm 3
  answer "How many processes run in the address space of another?"
  assert_eq $((before + 3)) "$output" "processes"
}

@test "recipes: is the machine overcommitted" {
  local have size reserved used promised
  stand --reserve 40000000
  stand --anon "$(load_of 200000 50000)"
  answer "Is the machine overcommitted?"
  read -r reserved used < <(sed -n '1s/.*reserved \([0-9]*\)\..*in use \([0-9]*\)\..*/\1 \2/p' <<<"$output")
  promised=$(sed -n '2s/promised: \([0-9]*\)\..*/\1/p' <<<"$output")
  have=$(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) + $(free -k | awk '$1 == "Swap:" { print $2 }')))
  size=$(all_status VmSize | awk '{ sum += $3 } END { print sum }')
  assert_between $((size * 100 / have - 2)) "$reserved" $((size * 100 / have + 2)) "percent reserved"
  size=$(all_status VmRSS | awk '{ sum += $3 } END { print sum }')
  assert_between $((size * 100 / have - 1)) "$used" $((size * 100 / have + 2)) "percent in use"
  # Half of the memory and all of the swap, by default.
  size=$(awk '$1 == "Committed_AS:" { print $2 }' /proc/meminfo)
  have=$(awk '$1 == "MemTotal:" { mem = $2 } $1 == "SwapTotal:" { swap = $2 } END { print int(mem / 2 + swap) }' /proc/meminfo)
  assert_between $((size * 100 / have - 2)) "$promised" $((size * 100 / have + 2)) "percent promised"
}

@test "recipes: how one process goes on, until it ends" {
  local file now
  stand --anon 10000
  file=/var/tmp/history.$stood
  now="$(status_kb "$stood" VmSize) $(status_kb "$stood" VmHWM) $(status_kb "$stood" VmRSS)"
  recipe "How does one process go on?" >"$BATS_TEST_TMPDIR/recipe"
  pid=$stood every=0.1 dash -eu "$BATS_TEST_TMPDIR/recipe" 3>&- &
  recorder=$!
  three_lines() { (($(cat "$file" 2>/dev/null | wc -l) >= 3)); }
  retry 100 three_lines
  kill_standing
  retry 100 gone "$recorder"
  recorder=
  assert_eq "$now" "$(cut -d' ' -f2- "$file" | sort -u)" "every line after its time"
  assert_between $(($(date +%s) - 60)) "$(tail -n 1 "$file" | cut -d' ' -f1)" "$(date +%s)" "time"
  # answer "How does one process go on?" would wait for its end.
}

@test "recipes: as JSON" {
  stand_as 1000 --anon 3000 --comm-hex 3432
  stand_as 1000 --comm-hex 612022620a
  answer "How do I get it as JSON?"
  assert_eq "$(status_kb "${standing[0]}" VmRSS)" \
    "$(jq ".[] | select(.PID == ${standing[0]}) | .RSS_KB" <<<"$output")" "RSS_KB"
  assert_eq '"42"' "$(jq ".[] | select(.PID == ${standing[0]}) | .NAME" <<<"$output")" "a name of digits"
  assert_eq '"a\\040\"b\\012"' "$(jq ".[] | select(.PID == ${standing[1]}) | .NAME" <<<"$output")" "an odd name"
  assert_eq 2 "$(jq 'map(select(.UID == 1000)) | length' <<<"$output")" "processes of user 1000"
  assert_eq "$(head -n 1 $pids | xargs -n 1 | sort)" "$(jq -r '.[0] | keys[]' <<<"$output" | sort)" "columns"
}
