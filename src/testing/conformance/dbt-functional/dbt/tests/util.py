"""dbt's helpers of functional tests, by name, for a command line."""
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import datetime, timezone

import yaml

from dbt import runner
from dbt.relations import Relation
from dbt.stand_ins import Event, EventCatcher


class TestProcessingException(Exception):
    pass


def run_dbt(args=None, expect_pass=True, callbacks=None):
    return _run(_logging(args, callbacks), expect_pass, callbacks)[0]


def _logging(args, callbacks):
    """Callbacks are told of events, which only the structured log has."""
    args = ["run"] if args is None else list(args)
    if not callbacks:
        return args
    import pytest

    if not all(isinstance(getattr(one, "__self__", None), EventCatcher) for one in callbacks):
        pytest.skip("needs dbt inside the process: callbacks")
    return [*args, "--log-format", "json"]


def run_dbt_and_capture(args=None, expect_pass=True):
    return _run(args, expect_pass)


#: dbt keeps the project folder of a process's last run: tests go to another folder and rely on it.
_project_dir = None


def _run(args, expect_pass, callbacks=None):
    global _project_dir
    args = ["run"] if args is None else [str(arg) for arg in args]
    _project_dir = runner.option(args, "--project-dir") or _project_dir
    if not os.path.exists("dbt_project.yml") and _project_dir and "--project-dir" not in args:
        args += ["--project-dir", _project_dir]
    done = runner.invoke(args)
    for line in (done.output or "").split("\n") if callbacks else ():
        if line.startswith("{"):
            for callback in callbacks:
                callback(Event(json.loads(line)))
    if done.exception is not None:
        raise done.exception
    if expect_pass is not None:
        assert done.success == expect_pass, "dbt exit state did not match expected"
    return done.result, done.output


def get_logging_events(log_output, event_name):
    events = [json.loads(line) for line in log_output.split("\n") if line.startswith("{")]
    return [event for event in events if event["info"]["name"] == event_name]


def get_manifest(project_root):
    document = runner.read_json(os.path.join(project_root, "target", "manifest.json"))
    return document and runner.manifest_of(document)


def get_run_results(project_root):
    return runner.read_json(os.path.join(project_root, "target", "run_results.json"))


def copy_file(src_path, src, dest_path, dest):
    shutil.copyfile(os.path.join(src_path, src), os.path.join(dest_path, *dest))


def rm_file(*paths):
    os.remove(os.path.join(*paths))


def write_file(contents, *paths):
    with open(os.path.join(*paths), "w", encoding="utf-8") as file:
        file.write(contents)


def file_exists(*paths):
    return os.path.exists(os.path.join(*paths))


def read_file(*paths):
    with open(os.path.join(*paths)) as file:
        return file.read()


def mkdir(path):
    os.makedirs(path)


def rm_dir(path):
    shutil.rmtree(path)


def rename_dir(old, new):
    os.rename(old, new)


def get_artifact(*paths):
    return json.loads(read_file(*paths))


def write_artifact(value, *paths):
    write_file(json.dumps(value), *paths)


def update_config_file(updates, *paths):
    config = yaml.safe_load(read_file(*paths))
    config.update(updates)
    write_file(yaml.safe_dump(config), *paths)


def write_config_file(data, *paths):
    write_file(yaml.safe_dump(data) if isinstance(data, dict) else data, *paths)


def get_unique_ids_in_results(results):
    return [result.node.unique_id for result in results]


def check_result_nodes_by_name(results, names):
    assert set(names) == {result.node.name for result in results}


def check_result_nodes_by_unique_id(results, unique_ids):
    assert set(unique_ids) == {result.node.unique_id for result in results}


def check_datetime_between(text, start, end=None):
    parsed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    assert start <= parsed <= (end or datetime.now(timezone.utc).replace(tzinfo=None))


def run_sql_with_adapter(adapter, sql, fetch=None):
    if not sql.strip():
        return None
    credentials = adapter.config.credentials
    sql = sql.format(schema=credentials.schema, database=adapter.quote(credentials.database))
    rows = adapter.rows(sql)
    return rows[0] if fetch == "one" else rows if fetch == "all" else None


def relation_from_name(adapter, name):
    credentials = adapter.config.credentials
    parts = name.split(".")
    full = [credentials.database, credentials.schema][: 3 - len(parts)] + parts
    return Relation(*full)


def check_relation_types(adapter, relation_to_type):
    for name, expected in relation_to_type.items():
        relation = relation_from_name(adapter, name)
        found = adapter.get_relation(relation.database, relation.schema, relation.identifier)
        assert found is None or found.type == expected, f"{name} is a {found.type}, expected {expected}"


def check_relations_equal(adapter, relation_names, compare_snapshot_cols=False):
    if len(relation_names) < 2:
        raise TestProcessingException("Not enough relations to compare")
    relations = [relation_from_name(adapter, name) for name in relation_names]
    return check_relations_equal_with_relations(adapter, relations, compare_snapshot_cols)


def check_relations_equal_with_relations(adapter, relations, compare_snapshot_cols=False):
    basis, *others = relations
    columns = [c.quoted for c in adapter.get_columns_in_relation(basis)
               if compare_snapshot_cols or not c.name.lower().startswith("dbt_")]
    listed = ", ".join(columns)
    for other in others:
        counts = [adapter.rows(f"select count(*) from {r}")[0][0] for r in (basis, other)]
        assert counts[0] == counts[1], f"{basis} has {counts[0]} rows, {other} has {counts[1]}"
        for a, b in ((basis, other), (other, basis)):
            missing = adapter.rows(f"select {listed} from {a} except select {listed} from {b}")
            assert not missing, f"{len(missing)} rows of {a} are not in {b}, such as {missing[0]}"


def check_relation_has_expected_schema(adapter, relation_name, expected_schema):
    relation = relation_from_name(adapter, relation_name)
    actual = {c.name: c.data_type for c in adapter.get_columns_in_relation(relation)}
    assert actual == expected_schema


def update_rows(adapter, update):
    relation = relation_from_name(adapter, update["name"])
    clause = generate_update_clause(adapter, update["clause"])
    adapter.rows(adapter.update_column_sql(str(relation), update["dst_col"], clause, update.get("where")))


def generate_update_clause(adapter, clause):
    if clause["type"] == "add_timestamp":
        further = {k: v for k, v in clause.items() if k in ("interval", "number")}
        return adapter.timestamp_add_sql(add_to=clause["src_col"], **further)
    return adapter.string_add_sql(clause["src_col"], clause["value"], clause.get("location", "append"))


@contextmanager
def get_connection(adapter, name="_test"):
    yield adapter


def get_relation_columns(adapter, name):
    columns = adapter.get_columns_in_relation(relation_from_name(adapter, name))
    return sorted((c.name, c.dtype, c.char_size) for c in columns)


def check_table_does_not_exist(adapter, name):
    assert not get_relation_columns(adapter, name)


def check_table_does_exist(adapter, name):
    assert get_relation_columns(adapter, name)


class AnyFloat:
    def __eq__(self, other):
        return isinstance(other, float)


class AnyInteger:
    def __eq__(self, other):
        return isinstance(other, int)


class AnyString:
    def __eq__(self, other):
        return isinstance(other, str)


class AnyStringWith:
    def __init__(self, contains=None):
        self.contains = contains

    def __eq__(self, other):
        return isinstance(other, str) and (self.contains is None or self.contains in other)

    def __repr__(self):
        return f"AnyStringWith<{self.contains!r}>"


def assert_message_in_logs(message, logs, expected_pass=True):
    assert (message in logs) == expected_pass


def get_project_config(project):
    return yaml.safe_load(read_file(project.project_root, "dbt_project.yml"))


def set_project_config(project, config):
    write_file(yaml.safe_dump(config), project.project_root, "dbt_project.yml")


def get_model_file(project, relation):
    return read_file(project.project_root, "models", f"{relation.name}.sql")


def set_model_file(project, relation, model_sql):
    write_file(model_sql, project.project_root, "models", f"{relation.name}.sql")


def safe_set_invocation_context():
    pass


CLOCK = """
const then = Date.parse("{time}"), started = Date.now(), Real = Date;
globalThis.Date = class extends Real {{
  constructor(...args) {{ super(...(args.length ? args : [then + Real.now() - started])); }}
  static now() {{ return then + Real.now() - started; }}
}};
"""


@contextmanager
def patched_clock(time):
    """The clock of the processes started meanwhile: it begins at `time`, in seconds, and goes on."""
    stamp = datetime.fromtimestamp(time, timezone.utc).isoformat()
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as file:
        file.write(CLOCK.format(time=stamp))
        file.flush()
        before = os.environ.get("NODE_OPTIONS")
        os.environ["NODE_OPTIONS"] = f"{before or ''} --import {file.name}"
        try:
            yield
        finally:
            del os.environ["NODE_OPTIONS"]
            if before:
                os.environ["NODE_OPTIONS"] = before


@contextmanager
def patch_microbatch_end_time(text):
    """Just before `text`, so that the batch it is the end of is the last."""
    time = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp() - 60
    with patched_clock(time):
        yield
