#!/usr/bin/env bash
# Makes .venv from a lock file with hashes: `deploy/setup.sh requirements.txt`.
# Does nothing when the lock and the Python are those of the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1
stamp=".venv/.installed-$lock"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

fits() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

[[ -f $lock ]] || fail "$lock is missing: this folder is not a whole checkout."

# Every process reads our modules as it starts; where the environment forbids to keep them compiled,
# each would compile them again. What cannot be written is no harm.
compile_ours() { .venv/bin/python -m compileall -q services gateway deploy > /dev/null 2>&1 || true; }

wanted=$(sha256sum < "$lock")
if [[ -f $stamp && $(< "$stamp") == "$wanted" ]] && fits .venv/bin/python; then
  compile_ours
  exit 0
fi

if command -v uv > /dev/null; then
  installer=(uv pip install --quiet --compile-bytecode --python .venv/bin/python)
  if ! fits .venv/bin/python; then
    python=$(find_python) || python=3.11 # which uv fetches
    uv venv --quiet --clear --python "$python" .venv
  fi
else
  if ! fits .venv/bin/python; then
    python=$(find_python) ||
      fail "Python 3.11, 3.12 or 3.13 is needed, and python3 is $(python3 --version 2>&1): install one, or set PYTHON to it."
    rm -rf .venv
    # Debian has venv without ensurepip unless python3-venv is installed; its pip can do the rest.
    "$python" -m venv .venv > /dev/null 2>&1 ||
      "$python" -m venv --clear --without-pip .venv > /dev/null 2>&1 ||
      fail "$python cannot make a virtual environment: install python3-venv, or put uv on PATH."
  fi
  if .venv/bin/python -m pip --version > /dev/null 2>&1; then
    installer=(.venv/bin/python -m pip install --quiet)
  elif python=$(find_python) && "$python" -m pip --python .venv/bin/python --version > /dev/null 2>&1; then
    installer=("$python" -m pip --python .venv/bin/python install --quiet)
  else
    fail "There is no pip for .venv: install python3-venv or python3-pip, or put uv on PATH."
  fi
fi

say "安装依赖 · installing $lock into .venv"
"${installer[@]}" --require-hashes -r "$lock"

# The project itself is not built: a path, relative to the site folder, finds it where it is.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '../../../..\n' > "$site/kepu-project.pth"
rm -f .venv/bin/kepu
cat > .venv/bin/kepu << 'SCRIPT'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m deploy.cli "$@"
SCRIPT
chmod +x .venv/bin/kepu
printf '%s\n' "$wanted" > "$stamp"
compile_ours
