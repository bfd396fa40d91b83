#!/usr/bin/env bash
# Prepares this checkout on a Debian machine: installs what is missing, and leaves the rest alone.
# It can run any number of times; `make setup` runs it. What it keeps outside the checkout lies in
# ${SILVER_GUARDIAN_CACHE:-${XDG_CACHE_HOME:-~/.cache}/silver-guardian}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CACHE="${SILVER_GUARDIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/silver-guardian}"
readonly UV_LEAST=0.9.0
readonly PYTHON_WANTED=3.13
# What the maker of the samples uses: a decoder, a synthetic voice, and a package that holds a recording of a person. deploy.sh and its
# tests use jq.
readonly PACKAGES=(ffmpeg espeak-ng jq pocketsphinx-testdata)

started=$SECONDS
say() { printf '[%3d s] %s\n' $((SECONDS - started)) "$*"; }
die() {
    printf 'Error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        die "installing Debian packages needs root: run this as root or install sudo. Missing: $*"
    fi
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

apt_install() {
    command -v apt-get > /dev/null || die "this is no Debian: install by hand what does the same as: $*"
    if [[ -z ${apt_updated:-} ]]; then
        say "apt-get update"
        as_root apt-get update -qq
        apt_updated=yes
    fi
    say "apt-get install $*"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" > /dev/null
}

debian_packages() {
    local missing=()
    for package in "${PACKAGES[@]}"; do
        # A tool that was not installed by dpkg serves as well.
        installed "$package" || command -v "$package" > /dev/null || missing+=("$package")
    done
    [[ ${#missing[@]} == 0 ]] || apt_install "${missing[@]}"
}

# Prints the version of the given uv, or nothing if it does not run.
uv_version() { "$1" --version 2> /dev/null | sed -n 's/^uv \([0-9.]*\).*/\1/p'; }

serves() {
    local version
    version=$(uv_version "$1")
    [[ -n $version && $(printf '%s\n' "$UV_LEAST" "$version" | sort -V | head -n 1) == "$UV_LEAST" ]]
}

find_uv() {
    local own="$CACHE/uv/bin/uv"
    for UV in uv "$own"; do
        if command -v "$UV" > /dev/null && serves "$UV"; then return; fi
    done
    # An environment of its own: Debian's Python takes no packages from elsewhere (PEP 668), and none is overwritten.
    say "installing uv into $CACHE/uv"
    # pyenv's python3 fails where the version of .python-version is not there; Debian's does not read that file.
    local python=python3
    "$python" -c '' 2> /dev/null || python=/usr/bin/python3
    "$python" -c 'import ensurepip, venv' 2> /dev/null || apt_install python3 python3-venv
    "$python" -m venv --clear "$CACHE/uv"
    "$CACHE/uv/bin/pip" install --quiet --disable-pip-version-check "uv>=$UV_LEAST"
    UV=$own
}

# No version newer than those of the lock: a package without a wheel for it would have to be compiled.
good_python() { "$1" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null; }

find_python() {
    local candidate
    for candidate in .venv/bin/python "python$PYTHON_WANTED" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python python3.12 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python python3; do
        if command -v "$candidate" > /dev/null && good_python "$candidate"; then
            PYTHON=$candidate
            return
        fi
    done
    if [[ $(apt-cache policy "python$PYTHON_WANTED" 2> /dev/null) == *"Candidate: $PYTHON_WANTED"* ]]; then
        apt_install "python$PYTHON_WANTED"
        PYTHON=python$PYTHON_WANTED
    else
        say "no Python 3.12 or 3.13 here: uv downloads $PYTHON_WANTED"
        "$UV" python install "$PYTHON_WANTED" ||
            die "Python $PYTHON_WANTED could not be downloaded: install Python 3.12 or 3.13 in any way, and run this again"
        PYTHON=$("$UV" python find --managed-python "$PYTHON_WANTED")
    fi
}

debian_packages
find_uv
find_python
[[ -x .venv/bin/guardian ]] || say "uv sync: the project's Python packages into .venv"
# Compiled once: where Python cannot write bytecode, each of the many processes would compile every package again.
"$UV" sync --locked --quiet --compile-bytecode --python "$PYTHON"
say "ready: $("$UV" --version), $(.venv/bin/python --version)"
