# Programs find the files of "make install" and can be built against them.
# SPDX-License-Identifier: GPL-2.0-only

load helpers

setup_file() {
  dest=$BATS_FILE_TMPDIR/dest
  unset MAKEFLAGS CPPFLAGS CFLAGS LDFLAGS CC
  make -C "$top" install PREFIX=/opt/tam DESTDIR="$dest"
  # The .pc file names the final place; DESTDIR stands for the root.
  export dest PKG_CONFIG_LIBDIR=$dest/opt/tam/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest
}

@test "install: every file is in its place with its mode, and no other" {
  assert_eq "755 bin/tamalloc-textfile
755 bin/tamcompare
755 bin/tamhold
755 bin/tamprove
755 bin/tamstat
755 bin/tamtouch
644 include/tamalloc.h
644 lib/pkgconfig/tamalloc.pc
644 lib/systemd/system/tamalloc-textfile.service
644 lib/systemd/system/tamalloc-textfile.timer
644 share/bash-completion/completions/tamstat
644 share/man/man1/tamalloc-textfile.1
644 share/man/man1/tamstat.1
644 share/man/man2/tamalloc.2
644 share/man/man5/proc_tamalloc.5
$(cd "$top/proc/monitoring" && printf '644 share/tamalloc/monitoring/%s\n' *.*)
644 share/tamalloc/selinux/tamalloc.cil
644 share/tamalloc/tamstat.schema.json
644 share/tamalloc/tmpfiles.d/tamalloc.conf" \
    "$(cd "$dest/opt/tam" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2)" "files"
  assert_eq "opt" "$(ls "$dest")" "beside PREFIX"
}

@test "install: nothing installed names the place that it was staged in" {
  run ! grep -rlaF "$dest" "$dest/opt/tam"
}

@test "install: C and C++ programs build against it with pkg-config, without a warning" {
  local std
  # C89 has no inline functions; GNU's has.
  cat >"$BATS_TEST_TMPDIR/program.c" <<'TEXT'
#include <tamalloc.h>
#include <errno.h>
#include <stdio.h>

int main(void)
{
	/* Succeeds, or the kernel has no such call: nothing else. */
	char *p = (char *)tamalloc(4096);

	if (!p && errno != ENOSYS)
		return 1;
	if (tamalloc(0) || (errno != EINVAL && errno != ENOSYS))
		return 2;
	puts("done");
	return tamfree(p, 4096) ? 3 : 0;
}
TEXT
  cp "$BATS_TEST_TMPDIR/program.c" "$BATS_TEST_TMPDIR/program.cc"
  cd "$BATS_TEST_TMPDIR"
  for std in gnu89 c99 c11 gnu17; do
    # shellcheck disable=SC2046  # flags are words
    gcc -std=$std -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags tamalloc) -o program program.c
    run -0 ./program
    assert_eq "done" "$output" "the program of -std=$std"
  done
  for std in c++11 c++20; do
    # shellcheck disable=SC2046  # flags are words
    g++ -std=$std -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags tamalloc) -o program program.cc
    run -0 ./program
    assert_eq "done" "$output" "the program of -std=$std"
  done
}

@test "install: without pkg-config's flags the header is not found [control]" {
  echo '#include <tamalloc.h>' >"$BATS_TEST_TMPDIR/program.c"
  run ! gcc -c -o /dev/null "$BATS_TEST_TMPDIR/program.c"
  [[ $output == *"tamalloc.h: No such file"* ]]
}

@test "install: an existing client, which knows the number alone, builds and runs unmodified" {
  cat >"$BATS_TEST_TMPDIR/client.c" <<'TEXT'
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#define SYS_TAMALLOC 554

int main(void)
{
	void *p = (void *)syscall(SYS_TAMALLOC, (size_t)1 << 20);

	if (p == (void *)-1)
		perror("tamalloc");
	else
		memset(p, 1, 1 << 20);
	return 0;
}
TEXT
  gcc -Wall -Werror -o "$BATS_TEST_TMPDIR/client" "$BATS_TEST_TMPDIR/client.c"
  run -0 "$BATS_TEST_TMPDIR/client"
}

@test "install: the man pages are found and say what they are about" {
  local page
  for page in "1 tamstat" "1 tamalloc-textfile" "2 tamalloc" "5 proc_tamalloc"; do
    # shellcheck disable=SC2086  # words
    MANPATH=$dest/opt/tam/share/man run -0 man -w $page
    assert_eq "$dest/opt/tam/share/man/man${page% *}/${page#* }.${page% *}" "$output" "man -w $page"
  done
  run -0 mandoc -T utf8 "$dest/opt/tam/share/man/man2/tamalloc.2"
  [[ $output == *"reserve zeroed memory"* ]]
}

@test "install: the tools start" {
  local tool
  for tool in tamcompare tamhold tamprove tamstat tamtouch; do
    run -0 "$dest/opt/tam/bin/$tool" --help
    assert_eq "Usage: $tool" "${lines[0]:0:$((7 + ${#tool}))}" "first line"
  done
}

@test "install: tools, header and tamalloc.pc have the version that docs/changes.md names" {
  local tool version
  version=$(sed -n 's/^## \([0-9.]*\), .*/\1/p' "$top/docs/changes.md" | head -n 1)
  [[ -n $version ]]
  assert_eq "$version" "$(pkg-config --modversion tamalloc)" "tamalloc.pc"
  assert_eq "#define TAMALLOC_VERSION \"$version\"" "$(grep "^#define TAMALLOC_VERSION" "$dest/opt/tam/include/tamalloc.h")" "header"
  for tool in tamcompare tamhold tamprove tamtouch; do
    assert_eq "$tool (tamalloc) $version" "$("$dest/opt/tam/bin/$tool" --version)" "version"
  done
}

@test "uninstall: removes the files of install, and nothing else" {
  local other=$BATS_TEST_TMPDIR/other
  cp -a "$dest" "$other"
  touch "$other/opt/tam/include/foreign.h"
  make -C "$top" uninstall PREFIX=/opt/tam DESTDIR="$other"
  assert_eq "opt/tam/include/foreign.h" "$(cd "$other" && find . -type f -printf '%P\n')" "files left"
}

@test "install: the units are right and name the installed program" {
  local dir=$BATS_TEST_TMPDIR/systemd
  command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
  # For the check, the staged program; the unit itself names the final place.
  mkdir "$dir"
  cp "$dest"/opt/tam/lib/systemd/system/* "$dir"
  grep -q '^ExecStart=/opt/tam/bin/tamalloc-textfile ' "$dir/tamalloc-textfile.service"
  sed -i "s|^ExecStart=|&$dest|" "$dir/tamalloc-textfile.service"
  run -0 systemd-analyze verify --man=no "$dir"/tamalloc-textfile.{service,timer}
  assert_eq "" "$output" "complaints of systemd-analyze"
  # A wrong unit is noticed.
  sed -i "s|^ProtectSystem=|ProtectSytem=|" "$dir/tamalloc-textfile.service"
  run systemd-analyze verify --man=no "$dir/tamalloc-textfile.service"
  [[ $output == *"Unknown key 'ProtectSytem'"* ]]
}

@test "install: a PREFIX that is no absolute path is refused" {
  run ! make -C "$top" install PREFIX=here DESTDIR="$BATS_TEST_TMPDIR/no"
  [[ $output == *"PREFIX=here is not an absolute path"* ]]
  [[ ! -e $BATS_TEST_TMPDIR/no ]]
}

@test "install: a place that cannot be written to is refused before anything is compiled" {
  local file=$BATS_TEST_TMPDIR/file
  : >"$file"
  refused "$file is not a directory that you can write to; run it as root, or set PREFIX or DESTDIR" \
    env CC=false DESTDIR="$file" "$top/scripts/package/install"
  # Root can write everywhere.
  ((EUID > 0)) || return 0
  mkdir -m 555 "$BATS_TEST_TMPDIR/dir"
  refused "$BATS_TEST_TMPDIR/dir is not a directory that you can write to" \
    env CC=false DESTDIR="$BATS_TEST_TMPDIR/dir" "$top/scripts/package/install"
}
