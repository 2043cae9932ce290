#!/bin/sh
# All checks and all tests, with everything they need. Whatever cannot be set up is an error, never a silent skip.
# Further arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh test
scripts/system_packages.sh

failed=
.venv/bin/python scripts/lint.py || failed=yes

status=0
.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist load "$@" </dev/null || status=$?
if [ -n "$failed" ]; then
    echo "make test: the linters failed, see above the tests" >&2
    [ "$status" != 0 ] || status=1
fi
exit "$status"
