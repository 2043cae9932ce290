#!/bin/sh
# Pin every package with its hashes: requirements/*.txt from pyproject.toml. No address of any registry is written.
# UPGRADE=1 takes the newest versions pyproject.toml allows; otherwise what is pinned stays.
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh tools
uv=.tools/bin/uv
if [ ! -x "$uv" ]; then
    echo "make lock needs uv, which could not be installed (see above)." >&2
    exit 1
fi

lock() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --annotation-style line --no-emit-index-url --no-emit-find-links --no-build ${UPGRADE:+--upgrade} "$@" >/dev/null
}

lock pyproject.toml --group build --output-file requirements/run.txt
lock pyproject.toml --group build --group test --constraints requirements/run.txt --output-file requirements/test.txt
lock requirements/uv.in --output-file requirements/uv.txt
