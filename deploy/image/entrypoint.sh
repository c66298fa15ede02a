#!/bin/sh
# A service by its name alone, else a kip command (`board key` is one). exec: the service is the process that gets SIGTERM.
set -eu
case "$*" in
    intake | aggregation | notifications | board) exec python -m "services.$1" ;;
    *) exec python -m cli.main "$@" ;;
esac
