# The check of words finds seeded faults, and nothing else.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup() {
  cd "$BATS_TEST_TMPDIR"
}

# found: the names that the check rejects, sorted, on one line.
found() {
  sed 's/.*: //' <<<"$output" | LC_ALL=C sort | paste -sd' '
}

@test "words: a file or function that does not exist is found in documents and comments [control]" {
  # Composed here, so that this file does not contain it.
  local no=no_su""ch
  cat >page.md <<TEXT
See \`scripts/$no\` and \`proc/$no.c\` for ${no}_call() and \`${no}_name\`.
TEXT
  cat >code.c <<TEXT
/* In ${no}_file.c, ${no}_function() did this. */
int code(void) { return ${no}_in_code(); }
TEXT
  cat >script.sh <<TEXT
${no}_in_code # tests/$no/page.bats explains
TEXT
  run -1 "$top/scripts/check-words" page.md code.c script.sh
  assert_eq "${no}_call ${no}_file.c ${no}_function ${no}_name proc/$no.c scripts/$no tests/$no/page.bats" \
    "$(found)" "names"
}

@test "words: names of the tree, the kernel and the C library are accepted" {
  cat >page.md <<'TEXT'
`scripts/check`, `proc/Kbuild`, `tests/{host,guest}/`, `kernel-patches/VERSION/series`, `mm/oom_kill.c` and
`words.bats`; update_hiwater_rss(), tamfree(), calloc() and `hiwater_rss`; /proc/PID/status.
TEXT
  run -0 "$top/scripts/check-words" page.md
  assert_eq "" "$output" "complaints"
}

@test "words: a phrase to avoid is found in text, comments and messages, a question is not [control]" {
  # Composed here, so that this file does not contain them.
  local but="but f""or" again=an""ew ours="of ou""rs" what="Wh""at"
  printf '%s\n' "All $but one. $what this does is unclear." "$what is this?" >page.md
  printf '%s\n' "/* Made $again */" >code.c
  printf '%s\n' "echo 'a file $ours'" >script.sh
  run -1 "$top/scripts/check-words" page.md code.c script.sh
  assert_eq ". $what this|$again|$but|$ours" "$(sed 's/.*write: //' <<<"$output" | LC_ALL=C sort | paste -sd'|')" "phrases"
}
