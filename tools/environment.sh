# Sourced by ./run and ./test: find a Python, make .venv, install what the locks name.
# A stamp of Python and locks makes the second start fast.

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [[ -n $candidate ]] && command -v "$candidate" > /dev/null \
      && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Python 3.11 or newer is needed. On Debian or Ubuntu: sudo apt-get install python3 python3-venv" >&2
  return 1
}

make_environment() { # LOCK...
  local python stamp wanted arguments=() lock loudness=(--quiet)
  if [[ ! -x .venv/bin/python ]] || ! .venv/bin/python -c '' 2> /dev/null; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
      echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
      return 1
    fi
    echo "Making .venv with $("$python" --version)" >&2
    "$python" -m venv --clear .venv
  fi
  stamp=.venv/${*: -1}.sum
  wanted=$(.venv/bin/python --version; pwd; cksum "$@" pyproject.toml)
  [[ -f $stamp && $(< "$stamp") == "$wanted" ]] && return
  for lock in "$@"; do arguments+=(-r "$lock"); done
  [[ -t 2 ]] && loudness=() # pip shows its progress to whoever watches
  echo "Installing the locked dependencies; the first time this takes a minute or two" >&2
  if ! .venv/bin/python -m pip install "${loudness[@]+"${loudness[@]}"}" \
    --disable-pip-version-check --require-hashes "${arguments[@]}"; then
    echo "The dependencies could not be installed. Where a mirror is used: PIP_INDEX_URL=ADDRESS $0" >&2
    return 1
  fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "Installed" >&2
  echo "$wanted" > "$stamp"
}
