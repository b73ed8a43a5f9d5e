#!/bin/sh
# Creates the roles and the database of leadsite, or corrects them; run it as often as you like. Three roles:
#   leadsite_owner  owns the tables and migrates              (MIGRATION_DATABASE_URL)
#   leadsite        the site and the worker: rows, no tables  (DATABASE_URL)
#   leadsite_sql    SQL clients: calls their functions, without a password nobody logs in
# The postgres image runs it when it creates its database. By hand, as a superuser, with psql 14 or newer:
#   PGHOST=db.example.com PGUSER=postgres DATABASE_OWNER_PASSWORD=… DATABASE_PASSWORD=… deploy/postgres/roles.sh
# What the roles may do in the tables is granted by `manage.py migrate`.
set -eu
: "${DATABASE_OWNER_PASSWORD:?}" "${DATABASE_PASSWORD:?}"
export DATABASE_SQL_PASSWORD="${DATABASE_SQL_PASSWORD:-}"
export PGUSER="${PGUSER:-${POSTGRES_USER:-postgres}}"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres <<'SQL'
-- From the environment: other users see the arguments of a command.
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv application_password DATABASE_PASSWORD
\getenv sql_password DATABASE_SQL_PASSWORD
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['leadsite_owner', 'leadsite', 'leadsite_sql']) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE leadsite_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE leadsite LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'application_password';
ALTER ROLE leadsite_sql NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT format('ALTER ROLE leadsite_sql LOGIN PASSWORD %L', :'sql_password') WHERE :'sql_password' <> '' \gexec
-- A server that was installed without a locale makes databases of SQL_ASCII, which know no letters.
SELECT 'CREATE DATABASE leadsite OWNER leadsite_owner' || CASE WHEN current_setting('server_encoding') = 'UTF8' THEN ''
    ELSE ' TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8''' END WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'leadsite') \gexec
ALTER DATABASE leadsite OWNER TO leadsite_owner;
-- Nobody else connects, also not to the other databases of this server, and nobody makes temporary tables.
REVOKE ALL ON DATABASE leadsite FROM PUBLIC;
GRANT CONNECT ON DATABASE leadsite TO leadsite, leadsite_sql;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
-- The limits of the web server, also behind a pooler and in psql. manage.py turns them off for its commands.
ALTER ROLE leadsite SET lock_timeout = '250ms';
ALTER ROLE leadsite SET statement_timeout = '5s';
ALTER ROLE leadsite SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE leadsite SET client_connection_check_interval = '1s';
ALTER ROLE leadsite SET jit = off;
ALTER ROLE leadsite_sql SET statement_timeout = '30s';
ALTER ROLE leadsite_sql SET idle_in_transaction_session_timeout = '10s';
SQL
