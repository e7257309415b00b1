# The guest's interactive shell, driven through tmux as by a person.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  socket=tamalloc-$BATS_TEST_NUMBER-$$
}

teardown() {
  tmux -L "$socket" kill-server 2>/dev/null || true
}

screen() {
  tmux -L "$socket" capture-pane -p -t shell
}

# shows REGEXP: a line of the screen matches.
shows() {
  screen | grep -qE "$1"
}

# typed WORDS REGEXP: type a line, and wait for what is to be on the screen.
typed() {
  tmux -L "$socket" send-keys -t shell "$1" Enter
  retry 300 shows "$2" || fail "expected after '$1': $2" "actual screen:" "$(screen)"
}

@test "shell: full screen works under tmux, a background job runs on, poweroff ends it" {
  tmux -L "$socket" -f /dev/null new-session -d -s shell -x 97 -y 31 \
    "env TERM=tmux-256color ACCEL=$("$top/scripts/vm/accel" 2>/dev/null) '$top/scripts/vm/run' --name '$BATS_TEST_NAME' shell; echo status \$?; cat" 3>&-
  retry 1800 shows '^guest:~#$' || fail "no prompt; the screen:" "$(screen)"

  typed 'echo "<$TERM $(stty size)>"' '^<tmux-256color 31 97>$'
  typed 'clear; echo top' '^top$'
  assert_eq top "$(screen | head -n 1)" "first line after clear"
  # It wants a terminal that it knows, and leaves the screen as it was.
  typed top '^ *PID USER'
  shows ' load average: '
  typed q '^guest:~#$'

  typed 'tamhold 64 &' '(^| )[0-9]+ 65536 0$'
  typed 'sleep 2; jobs' '^\[1\].* Running  *tamhold 64'
  typed 'awk '\''$NF == "tamhold" { print "<" ($4 >= 65536) ">" }'\'' /proc/tamalloc/pids' '^<1>$'
  # In the foreground it reads the terminal again.
  tmux -L "$socket" send-keys -t shell fg Enter
  retry 100 shows '^tamhold 64$'
  tmux -L "$socket" send-keys -t shell C-d
  typed 'echo "<fg $?>"' '^<fg 0>$'

  typed poweroff '^status 0$'
}
