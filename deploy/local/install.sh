#!/bin/sh
# Make .venv what uv.lock says: install.sh UV_VERSION. Called by make; safe to run again at any time.
set -eu
cd "$(dirname "$0")/../.."
uv_version="$1"

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

recent_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if command -v "$name" >/dev/null 2>&1 && recent_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    stop "Kịp needs Python 3.11 or newer; found: $(python3 --version 2>&1 || true)." \
        "Install one (Debian 12, Ubuntu 24.04: sudo apt-get install python3 python3-venv) and run make again."
}

# Debian and Ubuntu leave ensurepip out of python3: then pip comes from the system's pip or, as root, from python3-venv.
install_uv() {
    rm -rf .venv/.uv
    if "$1" -c 'import ensurepip' 2>/dev/null; then
        "$1" -m venv .venv/.uv
        .venv/.uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
    elif "$1" -m pip --version >/dev/null 2>&1; then
        "$1" -m venv --without-pip .venv/.uv
        "$1" -m pip --python .venv/.uv/bin/python install --quiet --disable-pip-version-check "uv==$uv_version"
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && [ -z "${KIP_NO_APT:-}" ]; then
        echo "installing python3-venv by apt-get (once)"
        apt-get update -q >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv >/dev/null
        KIP_NO_APT=1 install_uv "$1"
    else
        stop "This Python ($1) can make no environment with pip in it." \
            "Install that part (Debian, Ubuntu: sudo apt-get install python3-venv) and run make again."
    fi
}

if [ ! -x .venv/bin/python ] || ! recent_enough .venv/bin/python; then
    python="$(find_python)"
    echo "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv --without-pip .venv
fi
if [ "$(.venv/.uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    install_uv .venv/bin/python
fi
echo "installing what uv.lock lists"
unset VIRTUAL_ENV
# Where the machine has its own list of certificate authorities (as behind a company's proxy), uv goes by it, as pip does.
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=true
fi
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never \
    .venv/.uv/bin/uv sync --quiet --frozen --python .venv/bin/python
