#!/bin/sh
# Install what the tests need from the system, by apt, and say what and why. Ends with an error naming what is missing.
#
#   system_packages.sh                    Chromium, a Japanese font and Redis, if absent
#   system_packages.sh PACKAGE REASON     this one
set -eu

say() { echo "system packages: $*" >&2; }

updated=
apt_install() {
    package=$1
    if [ "$(id -u)" = 0 ]; then
        as_root="env"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n env"
    else
        say "cannot install $package: not root, and sudo would ask for a password"
        return 1
    fi
    if ! command -v apt-get >/dev/null; then
        say "cannot install $package: there is no apt-get here"
        return 1
    fi
    if [ -z "$updated" ]; then
        $as_root apt-get -qq update </dev/null >&2 || say "apt-get update failed; trying with the lists that are there"
        updated=yes
    fi
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" \
        </dev/null >/dev/null
}

# Playwright's own where the distribution has none: Ubuntu's package is a stub for a snap.
has_chromium() {
    command -v chromium || command -v google-chrome || ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium*
}
# 安: in a Japanese, Chinese or Korean font.
has_cjk_font() { fc-list ':charset=5b89' 2>/dev/null | grep -q .; }
has_redis() { command -v redis-server || command -v valkey-server; }

missing=
need() {
    present=$1 package=$2 reason=$3
    $present >/dev/null 2>&1 && return
    say "installing $package: $reason"
    apt_install "$package" || say "installing $package failed"
    if [ "$package" = chromium ] && ! $present >/dev/null 2>&1; then
        say "apt has no usable chromium; Playwright installs its own"
        .venv/bin/python -m playwright install --with-deps chromium >&2 || say "that failed too"
    fi
    $present >/dev/null 2>&1 || missing="$missing $package"
}

if [ $# -gt 0 ]; then
    say "installing $1: $2"
    apt_install "$1"
    exit
fi

need has_chromium chromium "the pages are tested in a real browser"
need "command -v fc-list" fontconfig "to see whether there is a Japanese font"
need has_cjk_font fonts-ipafont-gothic "without a Japanese font the browser draws boxes"
need has_redis redis-server "the queue is tested on the Redis that is run in production"

if [ -n "$missing" ]; then
    say "MISSING and needed by the tests:$missing"
    say "install by hand (sudo apt-get install$missing) and run again; nothing is skipped without it"
    exit 1
fi
