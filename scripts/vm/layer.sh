# shellcheck shell=bash
# Layers of a guest's file system: files, programs and the libraries they need, as cpio
# archives. The kernel unpacks one after the other. To be sourced after scripts/lib.sh.
# SPDX-License-Identifier: GPL-2.0-only

# libraries_of FROM FILE...: the libraries and loaders that programs need, directly or
# not, one path per line: from the tree FROM, or else, if the guest has the architecture of
# this machine, from this machine. It uses readelf, because ldd runs the loader, and not
# every host can run a 32-bit one.
libraries_of() {
  local from=$1 bits name path key next
  local -A found=()
  shift
  while (($#)); do
    next=()
    while read -r bits name; do
      key=$bits:$name
      [[ -z ${found[$key]:-} ]] || continue
      path=${cross:+$from}$name
      if [[ $name != /* ]]; then
        # shellcheck disable=SC2154  # of lib.sh
        path=$from/usr/lib/$triplet/$name
        [[ $bits == 64 && -f $path || -n $cross ]] ||
          path=$(realpath -s "$(gcc "-m$bits" -print-file-name="$name")")
      fi
      [[ -f $path ]] || die "$name, which a program of the guest needs, is not in ${from:-/}"
      found[$key]=1
      next+=("$path")
      printf '%s\n' "$path"
    done < <(readelf -hld "$@" 2>/dev/null | awk '
      /^ *Class:/ { bits = /ELF32/ ? 32 : 64 }
      /\(NEEDED\)|program interpreter:/ { gsub(/.*(\[|interpreter: )|\].*/, ""); print bits, $0 }' |
      LC_ALL=C sort -u)
    set -- ${next[@]+"${next[@]}"}
  done
}

# copy_file ROOT FROM PATH: into the layer ROOT, at its place in a merged /usr, together
# with the target of a link.
copy_file() {
  local root=$1 from=$2 path=$3 to=$3 source=$2$3
  [[ -e $source || -n $cross ]] || source=$path
  case $to in
    /bin/* | /sbin/* | /lib/* | /lib32/* | /lib64/*) to=/usr$to ;;
  esac
  mkdir -p "$root$(dirname "$to")"
  cp -a --remove-destination "$source" "$root$to"
  [[ -L $source ]] || return 0
  path=$(readlink -f "$source")
  [[ ! -f $path || -e $root${path#"$from"} ]] || copy_file "$root" "$from" "${path#"$from"}"
}

# add_files ROOT FROM BASE: add the files of the tree FROM that standard input lists, one
# path per line, and the libraries that they need, except those in the layer BASE.
add_files() {
  local root=$1 from=$2 base=$3 path list
  mapfile -t list
  for path in "${list[@]}"; do
    [[ -e $from$path ]] || die "there is no $path${from:+ in $from}"
  done
  {
    printf '%s\n' "${list[@]}"
    libraries_of "$from" "${list[@]/#/$from}"
  } | LC_ALL=C sort -u | while IFS= read -r path; do
    path=${path#"$from"}
    if [[ -n $base && -e $base$path || -n $base && -e $base/usr$path ]]; then
      continue
    fi
    copy_file "$root" "$from" "$path"
  done
}

# pack ROOT: into ROOT.cpio, owned by root.
pack() {
  (cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --quiet -0 -o -H newc -R 0:0) >"$1.cpio.tmp"
  mv -f "$1.cpio.tmp" "$1.cpio"
}

# stack FILE LAYER...: an image of several layers, in one step.
stack() {
  cat "${@:2}" >"$1.tmp"
  mv -f "$1.tmp" "$1"
}
