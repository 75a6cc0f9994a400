#!/bin/sh
# Installs from the distribution what building skald needs and this machine lacks: Debian 12 and 13.
# No package is ever removed. With everything there it is silent and needs neither network nor root.
#
#   scripts/deps.sh          the compiler, the build tools, the libraries
#   scripts/deps.sh bench    and PostgreSQL and libpq for the benchmarks
#   scripts/deps.sh bazel    and Bazel; clang: and clang 19 with its sanitizers; tidy: and clang-tidy 19; tsan: and what
#                            unpacks source packages
#   scripts/deps.sh test     and PostgreSQL, pkg-config and Python for the tests (also with bazel, clang and tsan), and
#                            clang-format for the format check, where the distribution has the pinned version
#   SKALD_NO_INSTALL=1       only report what is missing (status 1 if anything is)
# shellcheck disable=SC2046,SC2086 # lists of packages are split into words on purpose
set -eu
cd "$(dirname "$0")/.."

# Where Boost is unpacked when the installed one is too old and excludes a newer one. CMake's presets look here first.
unpacked=build/deps/boost
clang_format=clang-format-19 # the version that scripts/check-format.sh insists on
sorry="apt-get could not do it (see above). Is the network there? skald builds on Debian 12 and 13."

say() { printf 'deps.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

purpose=${1:-build}

has_tool() { command -v "$1" >/dev/null 2>&1; }

has_header() {
  (IFS=:; for prefix in ${CMAKE_PREFIX_PATH:-} /usr/local /usr; do
    if [ -e "$prefix/include/$1" ]; then exit 0; fi
  done; exit 1)
}

# A Boost of at least 1.81 whose JSON library is there. The first prefix that has one is the one CMake takes.
has_boost() {
  (IFS=:; for prefix in $unpacked/usr ${Boost_ROOT:-} ${CMAKE_PREFIX_PATH:-} /usr/local /usr; do
    version=$(sed -n 's/^#define BOOST_VERSION //p' "$prefix/include/boost/version.hpp" 2>/dev/null) || continue
    if [ "${version:-0}" -lt 108100 ]; then continue; fi
    for library in "$prefix"/lib*/libboost_json.so "$prefix"/lib/*/libboost_json.so; do
      if [ -e "$library" ]; then exit 0; fi
    done
  done; exit 1)
}

# PostgreSQL's server, where Debian puts it or in PATH.
has_postgres() { has_tool initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

missing() {
  has_tool g++ || echo g++
  has_tool cmake || echo cmake
  has_tool ninja || echo ninja-build
  has_header caf/config.hpp || echo libcaf-dev
  has_header sqlite3.h || echo libsqlite3-dev
  has_header xxhash.h || echo libxxhash-dev
  has_header pqxx/pqxx || echo libpqxx-dev
  has_header CLI/CLI.hpp || echo libcli11-dev
  has_header doctest/doctest.h || echo doctest-dev
  has_boost || echo "libboost-json$(boost_version)-dev"
  if [ "$purpose" != build ] && [ "$purpose" != tidy ]; then
    has_postgres || echo postgresql
    has_tool pkg-config || echo pkgconf
    has_tool python3 || echo python3
  fi
  if [ "$purpose" = bench ]; then has_header postgresql/libpq-fe.h || has_header libpq-fe.h || echo libpq-dev; fi
  if [ "$purpose" = clang ]; then
    has_tool clang++-19 || echo clang-19
    ls /usr/lib/llvm-19/lib/clang/19/lib/*/libclang_rt.asan* >/dev/null 2>&1 || echo libclang-rt-19-dev
    has_tool ld.lld-19 || echo lld-19
    has_tool llvm-symbolizer-19 || echo llvm-19
  fi
  if [ "$purpose" = tidy ]; then has_tool clang-tidy-19 || echo clang-tidy-19; fi
  if [ "$purpose" = tsan ]; then has_tool dpkg-source || echo dpkg-dev; fi
  if [ "$purpose" = bazel ]; then has_tool bazel || echo bazel-bootstrap; fi
}

# The Boost to install: the one whose headers are installed, else the distribution's default, if new enough; else 1.81.
boost_version() {
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2>/dev/null |
    sed -n 's/^installed libboost\(1\.[0-9]*\)-dev$/\1/p' | sort -V | tail -n 1)
  default=$(apt-cache depends libboost-json-dev 2>/dev/null | sed -n 's/.*Depends: libboost-json\(1\.[0-9]*\)-dev$/\1/p')
  for version in "$installed" "$default" 1.81; do
    if [ "$(echo "${version:-1.0}" | cut -d. -f2)" -ge 81 ]; then echo "$version"; return; fi
  done
}

# Becoming root without a question, or with one if somebody is there to answer it.
may_be_root() {
  [ "$(id -u)" = 0 ] || { has_tool sudo && { sudo -n true 2>/dev/null || { [ "$1" = ask ] && [ -t 0 ] && sudo true; }; }; }
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

refresh() { as_root apt-get update -q || say "apt-get update had errors (above); trying with what it knows"; }
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-remove --no-install-recommends "$@" || die "$sorry"
}
conflicts() { ! apt-get install -s --no-remove --no-install-recommends "$1" >/dev/null 2>&1; }

# Every Boost package that package $1 needs, itself included.
boost_closure() { apt-cache depends --recurse --important "$1" | grep '^libboost' | sort -u; }

# Boost's development files exclude those of every other version, its libraries do not: those are installed as usual,
# the development files are only unpacked, beside links to the libraries.
unpack_boost() {
  all=$(boost_closure "$1")
  headers=$(echo "$all" | grep -e '-dev$')
  libraries=$(echo "$all" | grep -v -e '-dev$')
  apt_install $libraries
  new=$unpacked.$$
  trap 'rm -rf "$new"' EXIT
  mkdir -p "$new/packages"
  (cd "$new/packages" && apt-get download -q -o APT::Sandbox::User=root $headers) || die "$sorry"
  for package in "$new"/packages/*.deb; do dpkg-deb -x "$package" "$new"; done
  dpkg -L $libraries | grep '/lib[^/]*\.so' | while read -r library; do ln -sf "$library" "$new$library"; done
  rm -rf "$new/packages" "$unpacked"
  mv "$new" "$unpacked"
}

install_missing() {
  say "installing" $1
  refresh
  boost=
  has_boost || boost=libboost-json$(boost_version)-dev # by the fresh package lists
  if [ -n "$boost" ]; then apt-cache show "$boost" >/dev/null 2>&1 || die "$sorry"; fi
  if [ -z "$boost" ] || conflicts "$boost"; then together=; else together=$boost; fi
  apt_install $(echo "$1" | grep -v '^libboost') $together
  if [ "$boost" != "$together" ]; then
    say "$boost would replace the Boost that is installed: leaving that alone, unpacking $boost in $unpacked"
    unpack_boost "$boost"
  fi
  left=$(missing)
  if [ -n "$left" ]; then die "still missing after the installation:" $left; fi
}

needed=$(missing)
if [ -n "$needed" ]; then
  if [ -n "${SKALD_NO_INSTALL:-}" ]; then die "missing:" $needed; fi
  has_tool apt-get || die "missing:" $needed "(Debian's names); there is no apt-get here, so please install them yourself"
  may_be_root ask || die "missing:" $needed "- run scripts/deps.sh as root, or have them installed: apt-get install" $needed
  install_missing "$needed"
fi

# Wanted, not needed: without it the format check is skipped.
if [ "$purpose" = test ] && [ -z "${SKALD_NO_INSTALL:-}" ] && ! has_tool "$clang_format" && has_tool apt-cache &&
   apt-cache show "$clang_format" >/dev/null 2>&1 && may_be_root quietly; then
  say "installing $clang_format"
  (apt_install "$clang_format") || say "going on without $clang_format: the format check will be skipped"
fi
