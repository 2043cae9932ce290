#!/bin/sh
# Make .venv with exactly the pinned packages: `setup.sh run` for the product, `setup.sh test` for the tests as well.
#
# Needs Python 3.11 or newer with venv, nothing else. Writes only inside this folder (`test` as root may install
# python3-venv by apt). Every package is checked against its hash. Where packages come from is this machine's
# business: its pip and uv settings are used, and no address is written down here. Done already: a no-op.
set -eu
cd "$(dirname "$0")/.."

what=${1:-run}
case $what in
    run | test | tools) ;;
    *) echo "usage: scripts/setup.sh run|test|tools" >&2 && exit 2 ;;
esac

stamp=.venv/.jetapp-setup
tools_stamp=.tools/.jetapp-setup

say() { echo "setup: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# What the environment depends on; one line of text that changes when it must be made anew.
fingerprint() {
    echo "$(cat requirements/run.txt requirements/test.txt requirements/uv.txt pyproject.toml scripts/setup.sh | cksum)" "$PWD"
}

compile_translations() {
    [ -f scripts/compile_translations.py ] || return 0
    sources=$(find jetapp/translations -name '*.po' -exec cksum {} + 2>/dev/null | sort | cksum)
    compiled=$(find jetapp/translations -name '*.mo' 2>/dev/null | sort | cksum)
    [ "$(cat .venv/.translations 2>/dev/null)" = "$sources $compiled" ] && return 0
    .venv/bin/python scripts/compile_translations.py >&2
    compiled=$(find jetapp/translations -name '*.mo' 2>/dev/null | sort | cksum)
    echo "$sources $compiled" >.venv/.translations
}

# The test set contains the run set, so it serves both, and a demo never takes the test tools away.
wanted="$(fingerprint)"
if [ "$what" = run ] && grep -qs '^test ' "$stamp"; then
    what=test
fi
if [ "$what" != tools ] && [ -x .venv/bin/jetapp ] && [ -f "$stamp" ]; then
    case "$what $(cat "$stamp")" in
        "$what $what $wanted")
            compile_translations
            exit 0
            ;;
    esac
fi

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14; do
        if command -v "$name" >/dev/null 2>&1 && is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    found=$(python3 --version 2>&1) || found="no python3 at all"
    fail "Python 3.11 or newer is needed; this machine has $found. Debian 12, Ubuntu 24.04 and later have it
       as python3; another one may be named: PYTHON=/path/to/python3.12 make …"
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

need_venv() {
    has_venv "$1" && return
    package=python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    if [ "$what" = test ] && command -v apt-get >/dev/null; then
        scripts/system_packages.sh "$package" "to make .venv" || true
        has_venv "$1" && return
    fi
    fail "this Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install $package"
}

install_tools() {
    [ -x .tools/bin/uv ] && [ "$(cat "$tools_stamp" 2>/dev/null)" = "$(cksum <requirements/uv.txt) $PWD" ] && return
    rm -rf .tools/bin .tools/lib "$tools_stamp"
    "$python" -m venv .tools
    if .tools/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --only-binary :all: -r requirements/uv.txt >&2; then
        echo "$(cksum <requirements/uv.txt) $PWD" >"$tools_stamp"
    else
        say "uv could not be installed here; going on with pip, which is slower."
    fi
}

# Caches stay in this folder unless the user has named others.
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.tools/cache/uv}"
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$PWD/.tools/cache/pip}"
export UV_PYTHON_DOWNLOADS=never
# The machine's own certificates, as pip and git use them: some offices put one of their own in between.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
unset VIRTUAL_ENV

python=$(find_python)
need_venv "$python"
install_tools
[ "$what" = tools ] && exit 0

say "installing the packages of requirements/$what.txt into .venv"
rm -f "$stamp"
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
fi
install_with_uv() {
    [ -x .tools/bin/uv ] || return 1
    [ -x .venv/bin/python ] || "$python" -m venv --without-pip .venv
    .tools/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --no-build "requirements/$what.txt" >&2 &&
        .tools/bin/uv pip install --quiet --python .venv/bin/python --offline --no-deps --no-build-isolation -e . >&2
}

install_with_pip() {
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --only-binary :all: -r "requirements/$what.txt" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-index --no-deps \
        --no-build-isolation -e . >&2
}

if ! install_with_uv; then
    [ ! -x .tools/bin/uv ] || say "uv could not install the packages; going on with pip, which is slower."
    install_with_pip
fi
compile_translations
echo "$what $wanted" >"$stamp"
