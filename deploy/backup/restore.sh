#!/bin/sh
# Brings a backup back into an empty database: restore.sh FOLDER/<time>
#
# Refuses a backup that is not complete or has changed, and a database that has tables of ours: it never overwrites.
# The services must be stopped. Afterwards: kip migrate, kip verify, then start the services (docs/operate/backup.md).
set -eu

backup="$(cd "${1:?usage: restore.sh FOLDER/<time>}" && pwd)"
cd "$(dirname "$0")"
. ./common.sh
url="$(setting KIP_DATABASE_URL)"
[ -n "$url" ] || stop "KIP_DATABASE_URL is not set"
connect_by "$url" # sets database
[ -e "$backup/COMPLETE" ] || stop "$backup was cut off: there is no file COMPLETE in it"
(cd "$backup" && sha256sum --quiet --check SHA256SUMS) || stop "$backup has changed since it was made"
[ -z "$(psql "$database" -XAtc "SELECT 1 WHERE to_regclass('public.kip_migration') IS NOT NULL")" ] ||
    stop "the database has tables of Kịp: give an empty one"

pg_restore --dbname="$database" --no-owner --no-privileges --exit-on-error --single-transaction "$backup/database.dump"
# What obligations were called until now is over (a backup of before they had names has nothing to raise).
psql "$database" -XqAtc "SELECT to_regprocedure('notifications.raise_epoch()')" | grep -q . &&
    psql "$database" -Xqc 'SELECT notifications.raise_epoch()' >/dev/null
psql "$database" -Xqc 'ANALYZE'
echo "restored. Now: kip migrate, kip verify, start the services."
[ ! -e "$backup/definitions.json" ] ||
    echo "broker: rabbitmqctl import_definitions $backup/definitions.json (on a new broker; kip migrate declares queues)"
