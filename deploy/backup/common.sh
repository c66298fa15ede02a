# shellcheck shell=sh
# What backup.sh and restore.sh share.

stop() {
    echo "$*" >&2
    exit 1
}

# The value of a variable, or what stands in the file that <variable>_FILE names.
setting() {
    eval "value=\${$1:-}; file=\${$1_FILE:-}"
    # shellcheck disable=SC2154 # set by eval
    if [ -z "$value" ] && [ -n "$file" ]; then
        value="$(cat "$file")"
    fi
    printf '%s' "$value"
}

# The URL of a database without its password, which goes to libpq by the environment: arguments can be seen by others.
# (A password with % in it is encoded; only libpq can read that, so such a URL stays whole.)
# shellcheck disable=SC2034 # the scripts read database
connect_by() {
    credentials="${1#*://}"
    credentials="${credentials%%@*}"
    password="${credentials#*:}"
    case "$1" in
        *://*:*@*) ;;
        *) password="" ;;
    esac
    case "$password" in
        "" | *%*) database="$1" ;;
        *)
            export PGPASSWORD="$password"
            database="${1%%://*}://${credentials%%:*}@${1#*@}"
            ;;
    esac
}

# fetch URL FILE: user and password of the URL don't show in the list of processes.
fetch() {
    if command -v curl >/dev/null 2>&1; then
        printf 'url = "%s"\noutput = "%s"\n' "$1" "$2" | curl --silent --show-error --fail --config -
    elif command -v wget >/dev/null 2>&1; then
        printf '%s\n' "$1" | wget -q -O "$2" -i -
    else
        stop "the broker's definitions need curl or wget"
    fi
}
