#!/bin/sh
# Brings a backup back into an empty database: restore.sh FOLDER/<time>
#
# Refuses a backup that is not complete or has changed, and a database that has tables of ours: it never overwrites.
# The services must be stopped. Afterwards: kip migrate, start the services, kip replay (docs/operate/backup.md). What the
# folder is called is when the backup was begun.
set -eu

backup="$(cd "${1:?usage: restore.sh FOLDER/<time>}" && pwd)"
cd "$(dirname "$0")"
. ./common.sh
url="$(setting KIP_DATABASE_URL)"
[ -n "$url" ] || stop "KIP_DATABASE_URL is not set"
connect_by "$url" # sets database
[ -e "$backup/COMPLETE" ] || stop "$backup was cut off: there is no file COMPLETE in it"
(cd "$backup" && sha256sum --quiet --check SHA256SUMS) || stop "$backup has changed since it was made"
since="$(basename "$backup" | sed -nE 's/^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})([0-9]{2})([0-9]{2})Z$/\1:\2:\3Z/p')"
[ -n "$since" ] || stop "$backup: its folder's name was the time of the backup, like 2026-11-21T190000Z: give it back"
[ -z "$(psql "$database" -XAtc "SELECT 1 WHERE to_regclass('public.kip_migration') IS NOT NULL")" ] ||
    stop "the database has tables of Kịp: give an empty one"

pg_restore --dbname="$database" --no-owner --no-privileges --exit-on-error --single-transaction "$backup/database.dump"
has() {
    psql "$database" -XAtc "SELECT to_regprocedure('$1')" | grep -q .
}
if has 'registry.note_restore(timestamptz)'; then
    # Written down: notifications is held, and nothing is audited, until kip replay has ended.
    psql "$database" -Xqc "SELECT registry.note_restore('$since')" >/dev/null
    next="kip migrate, start the services, kip replay"
else # a backup of a version without a journal; of before obligations had names there is nothing to raise
    has 'notifications.raise_epoch()' && psql "$database" -Xqc 'SELECT notifications.raise_epoch()' >/dev/null
    next="kip migrate; SELECT registry.note_restore('$since') by psql; start the services, kip replay"
fi
psql "$database" -Xqc 'ANALYZE'
echo "restored. Now: $next."
[ ! -e "$backup/definitions.json" ] ||
    echo "broker: rabbitmqctl import_definitions $backup/definitions.json (on a new broker; kip migrate declares queues)"
