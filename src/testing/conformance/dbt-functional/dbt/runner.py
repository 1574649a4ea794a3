"""Runs the command line under test, and reads what it left as dbt's result objects."""
import contextlib
import json
import os
import re
import subprocess
import time

import pytest

from dbt.stand_ins import InProcess, Word, failure

#: The command under test, such as "node …/dist/cli.js" or "dbt"; words apart by newlines.
COMMAND = os.environ.get("CONFORMANCE_CLI", "sluice").split("\n")


class Record:
    """A JSON mapping whose keys are attributes as well."""

    def __init__(self, values):
        self.__dict__.update({key: wrap(value) for key, value in values.items()})
        self.__dict__["_values"] = values

    def __getitem__(self, key):
        return wrap(self._values[key])

    def __contains__(self, key):
        return key in self._values

    def __eq__(self, other):
        return self._values == (other._values if isinstance(other, Record) else other)

    def to_dict(self, **_):
        return self._values

    @property
    def depends_on_nodes(self):
        return self._values["depends_on"]["nodes"]

    def get(self, key, default=None):
        return wrap(self._values.get(key, default))


class Dict(dict):
    """Keys that are no names of attributes, such as unique ids: a dictionary whose values are records."""

    def __getattr__(self, name):
        if name == "depends_on_nodes":
            return self["depends_on"]["nodes"]
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to_dict(self, **_):
        return self


def wrap(value):
    if isinstance(value, dict):
        return Dict({key: wrap(item) for key, item in value.items()})
    if isinstance(value, list):
        return [wrap(item) for item in value]
    return value


class Results(list):
    def __init__(self, results, document=None):
        super().__init__(results)
        document = document or {}
        self.results = list(results)
        self.args = document.get("args", {})
        self.elapsed_time = document.get("elapsed_time")


class Outcome:
    """What `dbtRunner.invoke` gives."""

    def __init__(self, success, result, exception, output):
        self.success, self.result, self.exception, self.output = success, result, exception, output


def option(args, *names):
    for i, arg in enumerate(args):
        for name in names:
            if arg == name and i + 1 < len(args):
                return args[i + 1]
            if arg.startswith(name + "="):
                return arg[len(name) + 1:]
    return None


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def stamp(path):
    try:
        found = os.stat(path)
        return found.st_mtime_ns, found.st_ino
    except FileNotFoundError:
        return None


def target_folder(args):
    folder = option(args, "--project-dir") or os.getcwd()
    given = option(args, "--target-path") or os.environ.get("DBT_TARGET_PATH")
    if not given:
        try:
            import yaml

            with open(os.path.join(folder, "dbt_project.yml")) as file:
                given = (yaml.safe_load(file) or {}).get("target-path")
        except (OSError, yaml.YAMLError):
            given = None
    return os.path.join(folder, given or "target")


def nodes_of(folder):
    manifest = read_json(os.path.join(folder, "manifest.json")) or {}
    return {**manifest.get("nodes", {}), **manifest.get("sources", {}), **manifest.get("unit_tests", {}),
            **manifest.get("exposures", {}), **manifest.get("functions", {}), **manifest.get("saved_queries", {})}


def node_from_id(unique_id):
    kind, package, name = (unique_id.split(".", 2) + ["", ""])[:3]
    return {"unique_id": unique_id, "resource_type": kind, "package_name": package,
            "name": name.rsplit(".", 1)[0] if kind == "test" else name.split(".")[-1]}


def results_from(document, folder):
    nodes = nodes_of(folder)
    results = []
    for result in document["results"]:
        found = {"failures": None, "message": None, **result}
        node = nodes.get(result["unique_id"]) or node_from_id(result["unique_id"])
        found["node"] = {**node, "compiled_code": result.get("compiled_code") or node.get("compiled_code"),
                         "compiled": result.get("compiled", node.get("compiled"))}
        record = Record(found)
        record.node = Record(found["node"])
        if "path" in found["node"]:
            record.node.path = found["node"]["path"]
        record.status = Word(found["status"])
        record.skipped = found["status"] == "skipped"
        if "max_loaded_at" in found:
            from datetime import datetime

            text = found["max_loaded_at"]
            record.max_loaded_at = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else text
        results.append(record)
    return Results(results, document)


#: Commands by what they leave in the target folder.
LEAVE = {"run_results.json": {"run", "test", "build", "seed", "snapshot", "compile", "show", "run-operation", "retry", "clone"},
         "sources.json": {"source"}, "catalog.json": {"docs"}, "manifest.json": {"parse"}}


#: Commands that tell what is wrong and do not raise: dbt gives no exception for exit code 1.
REPORTS = {"debug"}

#: Commands that dbt ends with an exception at the first node that fails.
RAISE_AT_ONCE = {"compile"}


def invoke(args):
    args = [str(arg) for arg in args]
    folder = target_folder(args)
    command = next((arg for arg in args if not arg.startswith("-")), "")
    artifact = next((name for name, commands in LEAVE.items() if command in commands), None)
    path = option(args, "-o", "--output") if command == "source" else None
    path = path or (artifact and os.path.join(folder, artifact))
    before = path and stamp(path)
    done = spawn(args)
    print(done.stdout, done.stderr, sep="\n")
    output = done.stdout + done.stderr
    if "Could not resolve host" in output:
        pytest.skip("needs the network")
    # Where nothing was to be done, what the same command left before holds.
    idle = done.returncode == 0 and command in ("run", "build")
    document = read_json(path) if path and (idle or stamp(path) != before) else None
    if command in REPORTS and done.returncode in (0, 1):
        return Outcome(done.returncode == 0, None, None, output)
    if done.returncode not in (0, 1) or (done.returncode != 0 and artifact in ("run_results.json", "sources.json") and document is None):
        return Outcome(False, None, failure(output), output)
    if command in RAISE_AT_ONCE and done.returncode == 1:
        return Outcome(False, None, failure(output), output)
    success = done.returncode == 0
    if command in ("list", "ls"):
        return Outcome(success, [line for line in done.stdout.splitlines() if line.strip()], None, output)
    if document is None and command == "show" and success:
        return Outcome(success, shown(args, env), None, output)
    if document is None:
        return Outcome(success, None if success else None, None if success else failure(output), output)
    if artifact == "catalog.json":
        return Outcome(success, Record(document), None, output)
    if artifact == "manifest.json":
        return Outcome(success, manifest_of(document), None, output)
    results = results_from(document, folder)
    if command == "show":
        add_tables(results, args)
    return Outcome(success, results, None, output)


def spawn(args):
    with frozen_clock():
        # dbt's own default for tests is one warehouse target with colours off.
        env = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run([*COMMAND, *args], capture_output=True, text=True, env=env, timeout=180)
    # Where dbt names itself in a sentence, Sluice does.
    done.stdout, done.stderr = (re.sub(r"\bSluice\b", "dbt", text) for text in (done.stdout, done.stderr))
    return done


@contextlib.contextmanager
def frozen_clock():
    """Where a test has stopped its own clock with freezegun, the process started meanwhile begins at that time."""
    try:
        from freezegun.api import freeze_factories
    except ImportError:
        freeze_factories = []
    if not freeze_factories:
        yield
        return
    from dbt.tests.util import patched_clock

    with patched_clock(time.time()):
        yield


def add_tables(results, args):
    """`results[i].agate_table`: the rows, which only the output holds."""
    if "--output" not in args:
        done = spawn([*args, "--output", "json"])
        shown = [json.loads(block) for block in re.findall(r"^\{$.*?^\}$", done.stdout, re.MULTILINE | re.DOTALL)]
        for result, one in zip(results, shown):
            result.agate_table = one["show"]


class Manifest(Record):
    """What `manifest.json` holds; what dbt keeps of a manifest in its own process only skips the test."""

    def __getattr__(self, name):
        if name in ("fixtures", "files"):
            return InProcess(f"manifest.{name}")
        raise AttributeError(name)


class Table:
    """What dbt shows, as agate would hold it."""

    def __init__(self, rows):
        self.rows = [type("Row", (), {"values": lambda _, row=row: tuple(row.values())})() for row in rows]


def shown(args, env):
    """Asked once more, for a program to read."""
    again = subprocess.run([*COMMAND, "--quiet", *args, "--output", "json"], capture_output=True, text=True, env=env, timeout=180)
    found = json.loads(again.stdout)
    result = Record({"status": "success"})
    result.agate_table = Table(found["show"] if isinstance(found, dict) else found)
    return Results([result])


def manifest_of(document):
    return Manifest(document)


class Runner:
    """`dbtRunner`: callbacks need structured events, which only `--log-format json` gives."""

    def __init__(self, manifest=None, callbacks=None):
        self.callbacks = callbacks or []

    def invoke(self, args, **_):
        if self.callbacks:
            pytest.skip("needs dbt inside the process: callbacks")
        return invoke(args)
