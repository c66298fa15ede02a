#!/bin/sh
# A service by its name, else a kip command. exec: the service is the process that gets SIGTERM.
set -eu
case "${1:-}" in
    intake | aggregation | notifications) exec python -m "services.$1" ;;
    *) exec python -m cli.main "$@" ;;
esac
