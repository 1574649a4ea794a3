#!/bin/bash
# Runs once, on an empty volume: a database and a role for each user of the server. Names and passwords are passed to
# psql as variables, which quote them.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set=warehouse="$WAREHOUSE_DATABASE" \
  --set=builder="$WAREHOUSE_USER" --set=builder_password="$WAREHOUSE_PASSWORD" \
  --set=reader="$BI_USER" --set=reader_password="$BI_PASSWORD" \
  --set=metabase_password="$METABASE_DB_PASSWORD" --set=airflow_password="$AIRFLOW_DB_PASSWORD" <<'SQL'
-- Builds own the warehouse; they also make the roles that readers are members of.
create role :"builder" login createrole password :'builder_password';
create database :"warehouse" owner :"builder";

-- Groups of readers, as the project's macros make them elsewhere. A login of a BI tool is a member, and reads only.
create role bank_reader nologin;
create role bank_personal_data nologin;
grant bank_reader, bank_personal_data to :"builder" with admin option;
create role :"reader" login password :'reader_password' in role bank_reader;
alter role :"reader" set default_transaction_read_only = on;
alter role :"reader" set statement_timeout = '60s';

-- Metabase's application data: its own database, its own role, nothing of the warehouse.
create role metabase login password :'metabase_password';
create database metabase owner metabase;

-- Airflow's, likewise.
create role airflow login password :'airflow_password';
create database airflow owner airflow;

revoke connect on database :"warehouse" from public;
grant connect on database :"warehouse" to :"builder", bank_reader;
revoke connect on database metabase from public;
revoke connect on database airflow from public;
SQL
