#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the Debian packages in the file $1, and nothing else; those with a + are
# unpacked below the folder $2.
set -u
wanted=$(sed -n 's/^\([a-z0-9][^ #]*\).*/\1/p' "$1")
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
missing=$(comm -23 <(sort -u <<<"$wanted") <(sort -u <<<"$installed"))

# One step for each package, whole or not at all; its folder appears when it is complete.
unpack() { # PACKAGE
	local to=$peers/$1 part=$peers/$1.part
	[ ! -d "$to" ] || return 0
	rm -rf "$part" && mkdir -p "$part" || return 1
	echo "deps: unpacks $1 to $to"
	(cd "$part" && apt-get -qq -o APT::Sandbox::User=root download "$1" &&
		dpkg-deb -x "$1"_*.deb . && rm "$1"_*.deb) >"$part.log" 2>&1 && mv "$part" "$to" && rm "$part.log"
}
unpack_all() {
	local name
	for name in $(sed -n 's/^+\([a-z0-9][^ #]*\).*/\1/p' "$1"); do
		unpack "$name" && continue
		cat "$peers/$name.part.log" >&2
		echo "deps: apt-get could not download $name; without it its rows of \`baton interop\` are missing." >&2
		echo "  Run 'apt-get update' as root, then make deps" >&2
	done
}
peers=${2:-build/peers}

[ -n "$missing" ] || { unpack_all "$1"; exit 0; }

if ! command -v apt-get >/dev/null; then
	echo "deps: apt-get is not here; Baton is built on Debian 12. Install by hand what stands for:" >&2
	echo "$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: missing packages, and neither root nor sudo to install them. As root:" >&2
		echo "  apt-get install --no-install-recommends" $missing >&2
		exit 1
	fi
	echo "deps: uses sudo to install packages"
	as_root=sudo
fi
echo "deps: installs" $missing
export DEBIAN_FRONTEND=noninteractive
install() {
	$as_root apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1
}
log=$(mktemp) && trap 'rm -f "$log"' EXIT
# Package lists may be absent or old: fetched once, only when needed.
install || { $as_root apt-get update -qq >"$log" 2>&1 && install; } || {
	cat "$log" >&2
	echo "deps: apt-get could not install: " $missing >&2
	exit 1
}
unpack_all "$1"
