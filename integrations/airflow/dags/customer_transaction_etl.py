"""The bank's pipeline under Airflow: generate -> load -> build -> test.

SLUICE_DAG_TASKS says how fine the tasks are:
  steps   one task per step, by BashOperator (default)
  models  one task per model, seed and snapshot with its tests, by astronomer-cosmos

Every command works on SLUICE_PROJECT_DIR with SLUICE_TARGET; SLUICE is the executable. Exit code 1 (a node or a test
failed) and 2 (it could not run) fail the task.
"""

import os
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SLUICE = os.environ.get("SLUICE", "sluice")
PROJECT = Path(os.environ.get("SLUICE_PROJECT_DIR", "/project"))
TARGET = os.environ.get("SLUICE_TARGET", "prod")
TASKS = os.environ.get("SLUICE_DAG_TASKS", "steps")
# A day's file from the core banking system would arrive by itself; the example makes one.
GENERATE = os.environ.get("SLUICE_GENERATE", "generate --rows 2000 --seed 42")


def step(name: str, command: str) -> BashOperator:
    """One command of Sluice. Paths are variables of the shell, so that they may hold anything."""
    return BashOperator(
        task_id=name,
        bash_command=f'"$SLUICE" {command} --project-dir "$SLUICE_PROJECT_DIR"',
        env={"SLUICE": SLUICE, "SLUICE_PROJECT_DIR": str(PROJECT)},
        append_env=True,
    )


def steps() -> None:
    """generate -> load -> build -> test; `build` tests each node before what follows it, `test` what stands in the end."""
    (
        step("generate", GENERATE)
        >> step("load", f"load --target {TARGET}")
        >> step("build", f"build --exclude-resource-type source --target {TARGET}")
        >> step("test", f"test --target {TARGET}")
    )


def models() -> None:
    """As `steps`, with the build taken apart: Cosmos asks `sluice ls` for the nodes and runs each one by itself."""
    from cosmos import DbtTaskGroup, ExecutionConfig, ExecutionMode, ProfileConfig, ProjectConfig, RenderConfig
    from cosmos.constants import InvocationMode, LoadMode, TestBehavior

    build = DbtTaskGroup(
        group_id="build",
        project_config=ProjectConfig(str(PROJECT), install_dbt_deps=False),
        profile_config=ProfileConfig(
            profile_name="bank",
            target_name=TARGET,
            profiles_yml_filepath=str(PROJECT / "profiles.yml"),
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.LOCAL,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=SLUICE,
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_LS,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=SLUICE,
            test_behavior=TestBehavior.AFTER_EACH,
        ),
    )
    step("generate", GENERATE) >> step("load", f"load --target {TARGET}") >> build >> step("test", f"test --target {TARGET}")


with DAG(
    dag_id="customer_transaction_etl",
    description="Customer transactions of the bank: file to marts, tested",
    schedule="15 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": int(os.environ.get("SLUICE_RETRIES", "1")), "retry_delay": timedelta(minutes=2)},
    tags=["bank", "sluice"],
    doc_md=__doc__,
) as dag:
    if TASKS == "models":
        models()
    else:
        steps()
