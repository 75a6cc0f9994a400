#!/bin/sh
# Builds CAF with the thread sanitizer into build/deps/caf-tsan, from the source package of the CAF that is installed.
# One that was built from the same package is left as it is. Changes nothing outside build/deps.
set -eu
cd "$(dirname "$0")/.."
installed=$PWD/build/deps/caf-tsan
package=$(dpkg-query -W -f '${source:Package}' libcaf-dev)
version=$(dpkg-query -W -f '${source:Version}' libcaf-dev)
if [ "$(cat "$installed/built-from" 2>/dev/null)" = "$package $version" ]; then exit 0; fi

say() { printf 'caf-for-tsan.sh: %s\n' "$*" >&2; }

work=$PWD/build/deps/caf-tsan.work
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/parts"

# Where the package came from, asked for sources too: the machine's own lists need not name them.
keys=/usr/share/keyrings/debian-archive-keyring.gpg
options=
if [ -e $keys ]; then options="[signed-by=$keys] "; fi
apt-cache policy libcaf-dev | sed -n "s|^ *[0-9-]* \([a-z+]*:[^ ]*\) \([^/ ]*\)/\([^ ]*\) .*Packages\$|deb-src $options\1 \2 \3|p" |
  sort -u >"$work/sources.list"
if [ ! -s "$work/sources.list" ]; then
  say "the package libcaf-dev came from no archive that apt knows: apt-get update, or install it from one"
  exit 1
fi
apt() {
  apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o APT::Sandbox::User=root "$@"
}
say "building $package $version with the thread sanitizer"
apt update
(cd "$work" && apt source --download-only "$package=$version") || say "not all of the source package is there"
if ! dpkg-source --no-check -x "$work"/*.dsc "$work/source"; then
  say "going on with the original source, without the distribution's patches"
  mkdir -p "$work/source"
  tar -xf "$work"/*.orig.tar.* -C "$work/source" --strip-components=1
fi

# Of CAF, what skald uses.
cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DCMAKE_CXX_FLAGS="-O1 -g1 -w -fno-omit-frame-pointer -fsanitize=thread" -DCMAKE_INSTALL_PREFIX="$installed.new" \
  -DCMAKE_INSTALL_LIBDIR=lib -DCAF_NO_EXAMPLES=ON -DCAF_NO_UNIT_TESTS=ON -DCAF_NO_IO=ON -DCAF_NO_OPENSSL=ON -DCAF_NO_OPENCL=ON -DCAF_NO_SUMMARY=ON
cmake --build "$work/build" --parallel "${JOBS:-$(nproc)}"
cmake --install "$work/build"
echo "$package $version" >"$installed.new/built-from"
rm -rf "$work" "$installed"
mv "$installed.new" "$installed"
