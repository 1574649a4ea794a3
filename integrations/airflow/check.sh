#!/usr/bin/env bash
# Runs the DAG with a real Airflow, once by steps and once by models, on a copy of the bank with a server of its own.
# Airflow is installed from pip into a folder outside of the repository; AIRFLOW_VENV names one that is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"

work="$(mktemp -d)"
trap 'node "$root/dist/cli.js" down --quiet --project-dir "$work/bank" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
venv="${AIRFLOW_VENV:-$work/venv}"
if [ ! -x "$venv/bin/airflow" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r integrations/airflow/requirements.txt
fi

mkdir -p "$work/bank" "$work/airflow" "$work/bin"
cp -r data macros models seeds snapshots tests dbt_project.yml profiles.yml "$work/bank/"
printf '#!/bin/sh\nexec node "%s/dist/cli.js" "$@"\n' "$root" >"$work/bin/sluice"
chmod +x "$work/bin/sluice"

export AIRFLOW_HOME="$work/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=false AIRFLOW__CORE__DAGS_FOLDER="$root/integrations/airflow/dags"
export AIRFLOW__CORE__UNIT_TEST_MODE=false AIRFLOW__COSMOS__PROPAGATE_LOGS=false PYTHONDONTWRITEBYTECODE=1
export PATH="$work/bin:$venv/bin:$PATH"
export SLUICE="$work/bin/sluice" SLUICE_PROJECT_DIR="$work/bank" SLUICE_TARGET=dev SLUICE_RETRIES=0
airflow db migrate >"$work/migrate.log" 2>&1 || { cat "$work/migrate.log"; exit 1; }

for tasks in steps models; do
  export SLUICE_DAG_TASKS="$tasks"
  echo "== $tasks"
  airflow dags list-import-errors --local 2>&1 | tail -n 3
  airflow tasks list customer_transaction_etl 2>/dev/null | sort >"$work/$tasks.txt"
  echo "$(wc -l <"$work/$tasks.txt") tasks"
  if ! airflow dags test customer_transaction_etl 2026-01-02 >"$work/$tasks.log" 2>&1; then
    tail -n 60 "$work/$tasks.log"
    exit 1
  fi
  grep -E "DagRun Finished|state=success" "$work/$tasks.log" | tail -n 1 | cut -c1-160
  sluice show --quiet --inline "select flow, total_amount from {{ ref('inflow_outflow') }} order by flow" --project-dir "$work/bank"
done

# A failing test must fail the run.
echo "== broken"
echo "select 1 as always" >"$work/bank/tests/broken.sql"
export SLUICE_DAG_TASKS=steps
airflow dags test customer_transaction_etl 2026-01-03 >"$work/broken.log" 2>&1 || true
grep -q "state=failed\|DagRun Finished.*failed\|'failed'" "$work/broken.log" || { tail -n 40 "$work/broken.log"; echo "a failing test did not fail the run"; exit 1; }
echo "a failing test fails the run"
