# The Debian packages of the tools and of the module. (scripts/suites/deb tests it in a Debian system.)
# SPDX-License-Identifier: GPL-2.0-only

load ../helpers

setup_file() {
  # In copies, so that existing packages are not touched.
  first=$BATS_FILE_TMPDIR/first
  copy_to "$first"
  (
    umask 022
    "$first/scripts/package/deb" tools
  )
  export first
}

copy_to() {
  copy_checkout "$1" COPYING LICENSES Makefile docs proc scripts syscall
}

contents() {
  dpkg-deb --fsys-tarfile "$1" | tar -t | grep -v '/$' | sed 's|^\./||; s|\.gz$||' | LC_ALL=C sort
}

@test "deb: every file that install installs is in the package, and a page for each program" {
  local staged=$BATS_TEST_TMPDIR/staged package
  package=$(echo "$first"/build/deb/tamalloc-tools_*.deb)
  PREFIX=/usr DESTDIR=$staged "$first/scripts/package/install"
  # The places that Debian uses.
  (cd "$staged" && find . -type f -printf '%P\n') |
    sed 's|^usr/lib/systemd|lib/systemd|; s|^usr/lib/pkgconfig|usr/share/pkgconfig|' >"$staged.list"
  (cd "$staged/usr/bin" && printf 'usr/share/man/man1/%s.1\n' *) >>"$staged.list"
  assert_eq "$(LC_ALL=C sort -u "$staged.list")" \
    "$(contents "$package" | grep -vE '^usr/share/(doc|lintian)/')" "files"
  assert_eq "usr/share/doc/tamalloc-tools/changelog
usr/share/doc/tamalloc-tools/copyright" \
    "$(contents "$package" | grep '^usr/share/doc/')" "documentation"
}

@test "deb: built in another directory, time and environment, it is the same" {
  local other=$BATS_TEST_TMPDIR/another/place
  copy_to "$other"
  find "$other" -exec touch -d '2001-02-03' {} +
  (
    umask 077
    TZ=Asia/Tokyo LANG=C.UTF-8 CFLAGS=-O0 PREFIX=/opt DESTDIR=/nonexistent \
      "$other/scripts/package/deb" tools
  )
  assert_eq "$(cd "$first/build/deb" && sha256sum tamalloc-tools_*.deb)" \
    "$(cd "$other/build/deb" && sha256sum tamalloc-tools_*.deb)" "checksum"
}

@test "deb: it is made again only after a change" {
  local other=$BATS_TEST_TMPDIR/other before
  cp -r "$first" "$other"
  before=$(cd "$other/build/deb" && stat -c '%n %i %y' -- *)
  run -0 "$other/scripts/package/deb" tools
  [[ $output == *"  build/deb/tamalloc-tools_"*.deb*"  build/deb/tamalloc-dkms_"*_all.deb ]] || fail "$output"
  assert_eq "$before" "$(cd "$other/build/deb" && stat -c '%n %i %y' -- *)" "files"
  echo '# changed' >>"$other/proc/tools/tamstat.bash-completion"
  run -0 "$other/scripts/package/deb" tools
  run -0 cmp "$other/proc/tools/tamstat.bash-completion" <(dpkg-deb --fsys-tarfile "$other"/build/deb/tamalloc-tools_*.deb |
    tar -xO ./usr/share/bash-completion/completions/tamstat)
}

@test "deb: it is made again if one of its packages is gone" {
  local other=$BATS_TEST_TMPDIR/other package
  stub dpkg-buildpackage 'echo "it builds"' 'exit 1'
  for package in tamalloc-tools tamalloc-dkms; do
    cp -r "$first" "$other"
    rm "$other/build/deb/$package"_*.deb
    run ! env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$other/scripts/package/deb" tools
    [[ $output == *"it builds"* ]] || fail "without $package: $output"
    rm -r "$other"
  done
}

@test "deb: a complaint of lintian stops it [control]" {
  local other=$BATS_TEST_TMPDIR/other
  copy_to "$other"
  sed -i 's/^Section: .*/Section: nonsense/' "$other/scripts/package/debian/control"
  run ! "$other/scripts/package/deb" tools
  [[ $output == *"unknown-section nonsense"* ]]
  [[ $output == *"error: lintian is not content with "* ]]
}

@test "deb: wrong input gets one line" {
  run -1 "$top/scripts/package/deb" nonsense
  assert_eq "package/deb: error: there is no package 'nonsense'; there are: kernel tools" "$output" "message"
  CONFIG=/nonexistent run -1 "$top/scripts/package/deb" kernel
  assert_eq "package/deb: error: CONFIG=/nonexistent is not a file" "$output" "message"
}
