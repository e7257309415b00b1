# shellcheck shell=bash
# Shared by the scripts. Source it; it does nothing by itself.
# SPDX-License-Identifier: GPL-2.0-only

# With it, cd prints where it went.
unset CDPATH
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What depends on the architecture is in $arch_root, on the kernel, too, in $build, and all
# else in $build_root. All architectures share the sources of a kernel.
build_root=$top/build
default_kernel=6.12
: "${KERNEL:=$default_kernel}" "${ARCH:=x86}"
# make exports even what is not set, and the kernel's makefiles find their own word for the
# architecture of this machine.
[[ $ARCH != x86 ]] || export -n ARCH
arch_root=$build_root
[[ $ARCH == x86 ]] || arch_root=$build_root/$ARCH
build=$arch_root linux=$build_root/linux
if [[ $KERNEL != "$default_kernel" ]]; then
  build=$arch_root/$KERNEL linux=$build_root/$KERNEL/linux
fi
# shellcheck disable=SC2034  # used by those who source this file
linux_pristine=$linux-pristine
# shellcheck disable=SC2034
if [[ $ARCH == arm64 ]]; then
  triplet=aarch64-linux-gnu emulator=qemu-system-aarch64 kernel_target=Image
  cross=$triplet- target_cc=$arch_root/cross/root/usr/bin/$triplet-gcc
  triplet32=arm-linux-gnueabihf target_cc32=$arch_root/cross/root/usr/bin/arm-linux-gnueabihf-gcc
  guest_root=$arch_root/guest-debs/root
else
  triplet=x86_64-linux-gnu emulator=qemu-system-x86_64 kernel_target=bzImage
  cross='' target_cc=gcc triplet32='' target_cc32='' guest_root=''
fi
# shellcheck disable=SC2034
jobs=$(($(getconf _NPROCESSORS_ONLN) + 1))

if [[ ${V:-} == 1 ]]; then
  PS4='+ ${BASH_SOURCE[0]##*/}: '
  set -x
fi

say() {
  printf '%s\n' "$*"
}

# die MESSAGE: one line on stderr, then a non-zero status.
die() {
  printf '%s: error: %s\n' "${0##*scripts/}" "$*" >&2
  exit 1
}

# supported_kernels: the versions of kernel-patches/versions, on one line.
supported_kernels() {
  lines_of "$top/kernel-patches/versions" | awk '{ print $1 }' | paste -sd' '
}

# kernel_version TREE: the version of a Linux source tree, as 6.12. It fails for others.
kernel_version() {
  [[ -f $1/Makefile && -f $1/Kbuild && -d $1/fs/proc ]] &&
    awk -F' *= *' '$1 == "VERSION" { v = $2 } $1 == "PATCHLEVEL" { print v "." $2; found = 1; exit }
      END { exit !found }' "$1/Makefile"
}

# need COMMAND...: stop if one is missing.
need() {
  local tool
  for tool; do
    command -v "$tool" >/dev/null ||
      die "$tool is missing; run 'make setup${cross:+ ARCH=$ARCH}' to install the packages that the build needs"
  done
}

# need_space DIR KB: stop unless the file system of DIR has KB free.
need_space() {
  local free
  free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
  ((free >= $2)) || die "$(($2 / 1024)) MiB are needed below $1," \
    "$((free / 1024)) MiB are free; make room and run it again"
}

# kernel_image CONFIG: where the kernel of scripts/kernel/configs/CONFIG.config lies.
kernel_image() {
  if [[ $1 == production ]]; then
    echo "$build/$kernel_target"
  else
    echo "$build/$kernel_target-$1"
  fi
}

# kernel_out CONFIG: where its objects are.
kernel_out() {
  if [[ $ARCH == x86 ]]; then
    echo "$linux/out-$1"
  else
    echo "$linux/out-$ARCH-$1"
  fi
}

# digest PATH...: one checksum over the names and contents of files of the
# repository, and of all files below directories.
digest() {
  (cd "$top" && find "$@" -type f -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# up_to_date NAME STATE FILE...: whether every FILE exists and was made of STATE, as
# "stamp NAME STATE" noted when they were complete. Otherwise the note is removed, so
# that an interrupted run leaves none.
up_to_date() {
  local note=$build/stamps/$1 stale=0 file
  [[ -f $note && $(<"$note") == "$2" ]] || stale=1
  for file in "${@:3}"; do
    [[ -e $file ]] || stale=1
  done
  ((stale)) || return 0
  rm -f "$note"
  return 1
}

stamp() {
  printf '%s\n' "$2" | write_file "$build/stamps/$1"
}

# unless_made NAME STATE FILE... -- COMMAND...: run COMMAND, which makes every FILE, unless
# they are up to date. Not for use in a condition, which would switch errexit off.
unless_made() {
  local name=$1 state=$2 files=()
  shift 2
  while [[ $1 != -- ]]; do
    files+=("$1")
    shift
  done
  ! up_to_date "$name" "$state" ${files[@]+"${files[@]}"} || return 0
  "${@:2}"
  stamp "$name" "$state"
}

# release_version: the version of this release, which the first heading of
# docs/changes.md names. Tools, packages and the installed header all take it from there.
release_version() {
  sed -n '/^## /{s/^## \([0-9.]*\),.*/\1/p;q}' "$top/docs/changes.md"
}

# compile_tools DIR: tamstat and tamalloc-textfile into DIR. CC, CPPFLAGS, CFLAGS and
# LDFLAGS are honoured.
compile_tools() {
  local tools=$top/proc/tools
  local -a shared=("$tools"/{group,lookup,rows,sort,text}.c)
  # shellcheck disable=SC2206  # flags are words
  local -a compiler=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE "-DTAMALLOC_VERSION=\"$(release_version)\""
  ${CPPFLAGS:-} ${CFLAGS:--O2} ${LDFLAGS:-})
  "${compiler[@]}" -o "$1/tamstat" "$tools"/{tamstat,select,view,print,screen}.c "${shared[@]}" \
    -lncursesw -ltinfo -lpthread
  "${compiler[@]}" -o "$1/tamalloc-textfile" "$tools/tamalloc-textfile.c" "${shared[@]}" -lpthread
}

# lines_of FILE...: without comments and empty lines
lines_of() {
  sed 's/#.*//; /^[[:space:]]*$/d' "$@"
}

# put_file SOURCE TARGET: copy if different, in one step, so that neither make
# nor an interrupted run sees a half-written or needlessly newer file.
put_file() {
  cmp -s "$1" "$2" && return
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.tmp.$$"
  mv -f "$2.tmp.$$" "$2"
}

# write_file TARGET: the same for standard input.
write_file() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new.$$"
  if cmp -s "$1.new.$$" "$1"; then
    rm -f "$1.new.$$"
  else
    mv -f "$1.new.$$" "$1"
  fi
}

# tiny_config DIR MAKE...: write the configuration tinyconfig of the source $linux to
# DIR/.config. It calls MAKE once for each source and compiler, because a pass over all
# options takes some ten seconds.
tiny_config() {
  local dir=$1 saved=$linux/.tamalloc-tiny state
  shift
  [[ $ARCH == x86 ]] || saved+=-$ARCH
  state=$(
    cat "$linux/.tamalloc-source"
    "$target_cc" --version
  )
  if ! up_to_date "tiny-${linux##*/}" "$state" "$saved"; then
    "$@" tinyconfig || return
    write_file "$saved" <"$dir/.config"
    stamp "tiny-${linux##*/}" "$state"
  fi
  cp "$saved" "$dir/.config"
}

# complete_config MAKE...: give each option that .config leaves open its default, as
# olddefconfig does. The same pass also writes the files that a build reads.
complete_config() {
  "$@" syncconfig < <(yes '')
}

# run_step [-p PATTERN -t TOTAL] LABEL LOG COMMAND...: run COMMAND with its output in
# LOG and show the time so far. With -p, also show how many of the TOTAL expected lines
# of LOG match PATTERN, and the time left. If COMMAND fails, show the end of LOG and its
# path.
run_step() {
  local pattern='' total=0 opt OPTIND=1
  while getopts p:t: opt; do
    case $opt in
      p) pattern=$OPTARG ;;
      t) total=$OPTARG ;;
      *) die "run_step: unknown option" ;;
    esac
  done
  shift $((OPTIND - 1))
  local label=$1 log=$2 status=0 start=$SECONDS job_names=() job_logs=() job_commands=()
  shift 2

  mkdir -p "$(dirname "$log")"
  { : >"$log"; } 2>/dev/null ||
    die "$log is not writable, perhaps because root made it; run 'sudo chown -R $(id -un) $build_root'"
  if [[ ${V:-} == 1 ]]; then
    "$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
  else
    add_job "$label" "$log" "$@"
    run_jobs 1 step_progress step_ended
  fi
  if ((status)); then
    show_failure "$label" "$log"
    return "$status"
  fi
  say "$label: done in $(minutes $((SECONDS - start)))"
}

# For run_jobs, within run_step and with its variables
step_progress() {
  local percent
  printf '%s' "$label"
  ((total)) || return 0
  percent=$(($(grep -c "$pattern" "$log" || true) * 100 / total))
  ((percent <= 99)) || percent=99
  printf ', %s %% done' "$percent"
  ((percent < 3)) || printf ', about %s left' "$(minutes $(($2 * (100 - percent) / percent)))"
}

step_ended() {
  status=$2
}

# show_failure LABEL LOG
show_failure() {
  printf '%s: failed. The end of its log:\n' "$1" >&2
  tail -n 20 "$2" | sed 's/^/    /' >&2
  printf 'The whole log: %s\n' "$2" >&2
}

minutes() {
  printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

job_names=() job_logs=() job_commands=()

# add_job NAME LOG COMMAND...: for run_jobs
add_job() {
  job_names+=("$1") job_logs+=("$2")
  shift 2
  job_commands+=("${*@Q}")
}

# run_jobs AT_ONCE PROGRESS ENDED: run the added jobs, at most AT_ONCE at a time, each with
# its output in its LOG. It calls these functions of the caller:
#   PROGRESS NAME SECONDS       prints the progress of a running job, after so many seconds
#   ENDED NAME STATUS SECONDS
# No job outlives the caller, even if the caller is killed by a signal: it sets the caller's
# traps, and resets them in the end.
run_jobs() {
  local at_once=$1 progress=$2 ended=$3 next=0 every=15 start=$SECONDS ticker='' elapsed code pid line
  local -A running=() began=()
  [[ ! -t 1 ]] || every=1
  trap 'for pid in "${!running[@]}"; do kill -- "-$pid" || true; done; kill $ticker || true; wait' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  while ((next < ${#job_names[@]} || ${#running[@]} > 0)); do
    if ((next < ${#job_names[@]} && ${#running[@]} < at_once)); then
      # A process group of its own, so that all of it can be ended. Without the braces,
      # bash would turn each status that is not 0 into 1.
      set -m
      { eval "${job_commands[next]}"; } >"${job_logs[next]}" 2>&1 </dev/null &
      set +m
      running[$!]=${job_names[next]} began[$!]=$SECONDS
      next=$((next + 1))
      continue
    fi
    [[ -n $ticker ]] || {
      sleep "$every" &
      ticker=$!
    }
    code=0
    wait -n -p pid "${!running[@]}" "$ticker" || code=$?
    [[ ! -t 1 ]] || printf '\r\033[K'
    if [[ $pid != "$ticker" ]]; then
      "$ended" "${running[$pid]}" "$code" $((SECONDS - began[$pid]))
      unset "running[$pid]"
      continue
    fi
    ticker='' line='' elapsed=$((SECONDS - start))
    for pid in "${!running[@]}"; do
      line+=", $("$progress" "${running[$pid]}" "$elapsed")"
    done
    line="$(minutes "$elapsed"): ${line#, }"
    # On a terminal, the next line takes its place.
    if [[ -t 1 ]]; then printf '%s' "$line"; else say "$line"; fi
  done
  # Not TERM: a shell that has not become sleep(1) yet would execute the traps.
  [[ -z $ticker ]] || { kill -KILL "$ticker" && wait "$ticker"; } 2>/dev/null || true
  trap - EXIT INT TERM
  job_names=() job_logs=() job_commands=()
}

[[ $KERNEL == "$default_kernel" ||
  $KERNEL != *[[:space:]]* && " $(supported_kernels) " == *" $KERNEL "* ]] ||
  die "KERNEL=$KERNEL is not supported; set it to one of $(supported_kernels)"
[[ $ARCH == @(x86|arm64) ]] || die "ARCH=$ARCH is not supported; set it to x86 or arm64"
# Here, so that a wrong one is noticed before anything is built
[[ ${ACCEL:-tcg} == @(kvm|tcg) ]] || die "ACCEL=$ACCEL is unknown; set it to kvm or tcg, or leave it out"
[[ ${ACCEL:-tcg} == tcg || -z $cross ]] || die "ACCEL=kvm cannot execute $ARCH on this machine; leave it out"
