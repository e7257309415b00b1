# Shared by all tests, on the host and in the guest.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.8.0

# fail MESSAGE...: end the test.
fail() {
  printf '%s\n' "$@" >&2
  return 1
}

# assert_eq EXPECTED ACTUAL [WHAT]: of long texts, shows the lines that differ.
assert_eq() {
  [[ $1 != "$2" ]] || return 0
  if [[ $1$2 == *$'\n'*$'\n'* ]]; then
    fail "${3:-value}, expected <, actual >:" "$(diff <(echo "$1") <(echo "$2") | head -n 20)"
  else
    fail "${3:-value}:" "  expected: $1" "  actual:   $2"
  fi
}

# assert_has TEXT ACTUAL [WHAT]: ACTUAL contains TEXT.
assert_has() {
  [[ $2 == *"$1"* ]] || fail "${3:-text}:" "  expected, somewhere: $1" "  actual: $2"
}

# retry TIMES COMMAND...: until COMMAND holds, a tenth of a second apart.
retry() {
  local n=$1
  shift
  while ! "$@"; do
    # If the caller tests the status, fail alone would not leave the loop.
    ((n-- > 0)) || {
      fail "did not come true: $*"
      return 1
    }
    sleep 0.1
  done
}

gone() {
  [[ ! -e /proc/$1/status ]]
}

# The overrides of bats' internals were written for these versions. Any other version keeps
# its own functions.
bats_is_known() {
  [[ $BATS_VERSION == 1.8.2 || $BATS_VERSION == 1.11.1 ]]
}

if bats_is_known; then
  # bats notes the stack before each command, to know the line of a command that fails. In an
  # emulated guest that takes 5 ms each, more than most commands. So note it only when a
  # command fails. The result is the same, except for a command that ends the shell.
  bats_debug_trap() {
    trap - DEBUG
  }
  bats_error_trap() {
    bats_check_status_from_trap
    [[ -n $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || bats_capture_stack_trace
    BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
  }

  # bats ends a hanging test after BATS_TEST_TIMEOUT seconds. It kills only the children of
  # the test, but "run" waits for every process that holds its output open. So kill all
  # descendants.
  bats_kill_childprocesses_of() {
    local pid
    for pid in $(pgrep -P "$1"); do
      [[ $pid == "$BASHPID" ]] || {
        bats_kill_childprocesses_of "$pid"
        kill "$pid"
      }
    done 2>/dev/null
  }
fi

if [[ $BATS_VERSION == 1.8.2 ]]; then
  # Without a process, as later versions do: it starts two each time.
  get_mills_since_epoch() {
    local now=${EPOCHREALTIME/[^0-9]/}
    echo "${now%???}"
  }
fi
