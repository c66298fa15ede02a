#!/bin/sh
# A backup of everything that cannot be made again: backup.sh FOLDER
#
# Writes FOLDER/<UTC time>/ with the database as a dump (pg_dump's own format, compressed) and, where
# KIP_AMQP_MANAGEMENT_URL is set, the broker's definitions; then checks both. A folder without the file COMPLETE is one
# that was cut off. Reads KIP_DATABASE_URL and KIP_AMQP_MANAGEMENT_URL, or the files named by these with _FILE.
# Needs pg_dump and pg_restore of the server's major version or later (the image postgres:18 has them); wget or curl for
# the definitions, and in their URL a user with the tag administrator. Messages in the broker are not in it: what was accepted after the dump comes again from the senders.
set -eu

folder="${1:?usage: backup.sh FOLDER}"
cd "$(dirname "$0")"
. ./common.sh
url="$(setting KIP_DATABASE_URL)"
management="$(setting KIP_AMQP_MANAGEMENT_URL)"
[ -n "$url" ] || stop "KIP_DATABASE_URL is not set"
connect_by "$url" # sets database

umask 077
target="$folder/$(date -u +%Y-%m-%dT%H%M%SZ)"
mkdir -p "$folder"
mkdir "$target"
began="$(psql "$database" -XAtc 'SELECT clock_timestamp()')"
pg_dump --dbname="$database" --format=custom --no-owner --no-privileges --file="$target/database.dump"
pg_restore --list "$target/database.dump" | grep -q 'TABLE DATA aggregation ledger' || stop "the dump has no ledger"
if [ -n "$management" ]; then
    fetch "$management/api/definitions" "$target/definitions.json"
    grep -q '"queues"' "$target/definitions.json" || stop "the broker's definitions have no queues"
fi
(cd "$target" && sha256sum -- * >SHA256SUMS)
: >"$target/COMPLETE"
# For the alert that says when the broker's journal no longer reaches back to the last backup.
psql "$database" -Xqc "INSERT INTO registry.backup VALUES (true, '$began') ON CONFLICT (one) DO UPDATE SET made_at = excluded.made_at" ||
    echo "the backup is complete, but the database didn't let its time be noted: KipJournalYoungerThanBackup can't watch it" >&2
echo "$target"
