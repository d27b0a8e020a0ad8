#!/bin/sh
# Makes the fixtures of tests/store/test_upgrade.py: a store filled by the code of an older commit, on both engines.
# No release exists yet, so "older" is a commit of this repository; its number of migrations names the fixture.
#   tests/store/upgrade/make.sh COMMIT SOCKET_FOLDER      from the top of a checkout, with its .venv; a running PostgreSQL
set -eu
commit=$1 socket=$2 here=$(pwd)
work=$(mktemp -d)
git worktree add -q --detach "$work/code" "$commit"
cp tests/store/upgrade/fill.py "$work/code/tests/fill_upgrade.py"
number=$(git ls-tree --name-only "$commit" src/comity/store/migrations/versions/ | grep -c '/0')
fill() { # fill NAME URL
    mkdir "$work/$1"
    (cd "$work/code" && PYTHONPATH=src:. "$here/.venv/bin/python" tests/fill_upgrade.py "$work/$1" "$2")
}
fill sqlite ""
database=upgrade_$number
createdb -h "$socket" -U postgres "$database"
fill postgresql "postgresql+psycopg://postgres@/$database?host=$socket"
"$here/.venv/bin/python" -c 'import sqlite3, sys
for line in sqlite3.connect(sys.argv[1]).iterdump(): print(line)' "$work/sqlite/data/comity.db" > "$work/sqlite/dump.sql"
pg_dump -h "$socket" -U postgres --inserts --no-owner --no-privileges --schema=public "$database" |
    grep -v '^\\' > "$work/postgresql/dump.sql"
dropdb -h "$socket" -U postgres "$database"
for kind in sqlite postgresql; do
    tar -C "$work/$kind" --sort=name --owner=0 --group=0 --mtime=@0 -czf "tests/store/upgrade/$number-$kind.tar.gz" \
        dump.sql facts.json data/blobs keys
done
git worktree remove --force "$work/code"
rm -rf "$work"
