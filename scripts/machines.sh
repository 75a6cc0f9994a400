#!/usr/bin/env bash
# Runs the two commands, `make demo` and `make test`, on bare root file systems of a Debian release and tells how long
# each took.
#
#   scripts/machines.sh bookworm|trixie [as-root] [as-user]
#
# as-root: by root; then, after `make clean`, without a network.
# as-user: by a user who may use sudo.
# On bookworm the headers of Boost 1.74 are installed before.
# SKALD_CCACHE=folder: the machines share the compiler cache in it, to try things out. What is timed is without one.
# Wants root and mmdebstrap, and takes packages from where this machine's apt takes them. What is built is the commit
# that is checked out. Ends with an error where a command fails or a package that was there before is not there after.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

release=${1:?"which release? bookworm or trixie"}
shift
if (($# == 0)); then set -- as-root as-user; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/skald-machine.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
mirror=$(apt-cache policy libc6 | sed -n 's|^ *[0-9]* \([a-z+]*:[^ ]*\) .*/main .*Packages$|\1|p' | head -n 1)

say() { printf 'machines.sh: %s\n' "$*" >&2; }

# new_machine <name> <further package>...
new_machine() {
  local root=$work/$1 more
  shift
  if [[ -n ${SKALD_CCACHE:-} ]]; then set -- ccache "$@"; fi
  more=$(IFS=,; echo "git,make,sudo${*:+,}$*") # git and make are what has to be there
  mmdebstrap --quiet --variant=apt --include="$more" "$release" "$root" "$mirror"
  cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"
  useradd --root "$root" --create-home --shell /bin/bash someone
  echo 'someone ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/someone"
  if [[ -n ${SKALD_CCACHE:-} ]]; then
    mkdir "$root/ccache"
    echo 'export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=/ccache CCACHE_BASEDIR=$HOME CCACHE_NOHASHDIR=1 CCACHE_UMASK=000' \
      >"$root/etc/profile.d/ccache.sh"
  fi
}

# inside <name> <user> <with or without a network> <command>
inside() {
  local root=$work/$1 user=$2 net=() command=$4
  if [[ $3 == without ]]; then net=(--net); fi
  unshare --mount --pid --fork --kill-child ${net[@]+"${net[@]}"} bash -euc '
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs tmpfs "$1/tmp"
    if [ -n "$4" ]; then mount --bind "$4" "$1/ccache"; fi
    exec chroot "$1" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 \
      su - "$2" -c "$3"' inside "$root" "$user" "$command" "${SKALD_CCACHE:-}" </dev/null
}

packages() { dpkg-query --root="$work/$1" -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort; }

# How many tests ctest has counted that could not run.
skipped() {
  local count
  count=$(grep -c '^\s*[0-9]* - .* (Skipped)$' "$work/log") && echo ", $count of them skipped"
}

# both_commands <name> <user> <with or without a network>
both_commands() {
  local name=$1 user=$2 network=$3 command took before lost TIMEFORMAT='%0R s | %0U s of CPU'
  local home=/root
  if [[ $user != root ]]; then home=/home/$user; fi
  if [[ -e $work/$name$home/skald ]]; then
    inside "$name" "$user" "$network" "make -C skald clean"
  else
    git clone -q --no-hardlinks . "$work/$name$home/skald"
    chroot "$work/$name" chown -R "$user:" "$home/skald"
  fi
  before=$(packages "$name")
  for command in "make demo" "make test"; do
    if ! took=$({ time inside "$name" "$user" "$network" "cd skald && $command" >"$work/log" 2>&1; } 2>&1); then
      mkdir -p build
      cp "$work/log" build/machines.log
      tail -n 20 "$work/log" >&2
      say "$release, $user, $network network: '$command' failed (above, and all of it in build/machines.log)"
      exit 1
    fi
    echo "| $release | $user, $network network | \`$command\` | $took | $(grep 'tests passed' "$work/log" || true)$(skipped) |"
  done
  lost=$(comm -23 <(echo "$before") <(packages "$name"))
  if [[ -n $lost ]]; then
    say "$release, $user: removed were" $lost
    exit 1
  fi
}

older_boost=
if [[ $release == bookworm ]]; then older_boost=libboost1.74-dev; fi
for what in "$@"; do
  case $what in
    as-root)
      new_machine as-root ${older_boost:+"$older_boost"}
      both_commands as-root root with
      both_commands as-root root without
      ;;
    as-user)
      new_machine as-user ${older_boost:+"$older_boost"}
      both_commands as-user someone with
      ;;
    *) say "there is no '$what': as-root or as-user" && exit 1 ;;
  esac
  rm -rf --one-file-system "$work/$what"
done
