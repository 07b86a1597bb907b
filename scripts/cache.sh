# shellcheck shell=bash
# Sourced by the other scripts: where the heavy things live, and small helpers.
#   $cache   the folder for everything that is downloaded or built once:
#            $WHEELFIX_CACHE, else $XDG_CACHE_HOME/wheelfix, else ~/.cache/wheelfix
#            alpine/   downloads and packed roots of scripts/alpine/make-stage
#            stage/    the Alpine roots themselves: full and bare
#            samples/  wheels built in the full stage, not repaired
#            corpus/   public wheels turned back into unrepaired ones
#            venv/     Python environments with pinned tools
#            tools-*/  linkers, binutils and patchelf for the tests
#            loader/   musl's loaders of other machines; qemu/ for one of them
#            elves/    what scripts/evidence/elf-corpus found out
#            pythons/  the libpythons that scripts/evidence/policy/python-symbols reads
#            musl-std/ Rust's standard library for musl, where rustup has none
#            fuzz/     what scripts/fuzz found interesting, its build, what it found
#            guards/   the copy that scripts/evidence/guards-out takes guards out of
# Whatever is in there was made under a lock, in a temporary folder, and renamed:
# two scripts at once and a killed one do no harm. Remove any of it at will.
cache=${WHEELFIX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wheelfix}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
# usage: the head of the calling script, and exit 2
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
die() { say "$*"; exit 1; }

# key FILE...: a short hash of the files' contents
key() { cat -- "$@" | sha256sum | cut -c1-16; }

# need_debian COMMAND=PACKAGE...: install what is missing (root), or say what to install.
# A word that begins with / is a file to look for instead of a command.
need_debian() {
  local pair missing=()
  for pair in "$@"; do
    case $pair in
      /*) [ -e "${pair%%=*}" ] || missing+=("${pair#*=}") ;;
      *) command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    die "missing (Debian's package names): ${missing[*]}. Install them and call again."
  fi
  [ "$(id -u)" = 0 ] || die "missing: run 'sudo apt-get install ${missing[*]}' and call again."
  say "installing ${missing[*]}"
  (
    exec 8>"$cache/apt.lock"; flock 8
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends "${missing[@]}"
  ) >"$cache/apt.log" 2>&1 || { tail -n 20 "$cache/apt.log" >&2; die "apt-get could not install ${missing[*]}"; }
}

# debian_file MACHINE PACKAGE OUT SUITE...: download a package of Debian's for another machine (in
# Debian's words) or of another release, from the first suite that has it, into the folder OUT, and
# unpack it to OUT/root. PACKAGE=VERSION asks for one of several; VERSION may have a *.
# This machine's apt settings stay as they are.
debian_file() {
  local machine=$1 package=$2 out=$3 uri suite; shift 3
  # The archive that this machine uses.
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -v security | sed -n 1p)
  for suite; do
    mkdir -p "$out/$suite"/{state/lists/partial,archives/partial}
    (
      cd "$out/$suite"
      echo "deb [arch=$machine signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >sources.list
      : >status
      apt=(apt-get -qq -o "APT::Architecture=$machine" -o "APT::Architectures=$machine" -o APT::Sandbox::User=root
        -o Acquire::Languages=none -o "Dir::State=$PWD/state" -o "Dir::State::status=$PWD/status" -o "Dir::Cache=$PWD"
        -o "Dir::Etc::sourcelist=$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null)
      "${apt[@]}" update && "${apt[@]}" download "$package" && dpkg-deb -x "${package%%=*}"_*.deb ../root
    ) >>"$out/log" 2>&1 && return
  done
  cat "$out/log" >&2
  die "no suite of $* has $package for $machine"
}
