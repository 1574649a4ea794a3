"""Modules of dbt's that tests import names from: exceptions are one class, results are strings, the rest is not there.

A test that uses what only exists inside dbt's own process cannot be driven through a command line: it is skipped, and the
reason names what it asked for.
"""
import importlib.abc
import importlib.machinery
import re
import sys
import types

import pytest

PACKAGES = ("dbt", "dbt_common")


class CliFailure(Exception):
    """Whatever dbt would raise: its text is what the command line printed."""

    def __init__(self, text=""):
        super().__init__(text)
        self.msg = text
        self.message = text


class CycleFailure(CliFailure, RuntimeError):
    """A circle of nodes, for which dbt raises Python's own exception."""


def failure(output):
    """The exception for what a command line printed: by the code of its first message, with the words dbt's class begins with."""
    code = re.search(r"^(?:\S+:\d+:\d+  )?([a-z]+-?[\w-]*)  \S", output, re.MULTILINE)
    code = code.group(1) if code else ""
    if code == "cycle":
        return CycleFailure(output)
    return CliFailure(f"Database Error\n{output}" if code.startswith("sql-") else output)


class Word(str):
    """A member of one of dbt's enums: equal to its text."""

    @property
    def value(self):
        return str(self)


class Words(type):
    """An enum by its members' names: `NodeStatus.RuntimeErr` is "runtime error"."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Word({"RuntimeErr": "runtime error", "PartialSuccess": "partial success", "NoOp": "no-op"}.get(name, WORDS(name)))


def WORDS(name):
    out = ""
    for i, letter in enumerate(name):
        out += ("_" if i and letter.isupper() and not name.isupper() else "") + letter.lower()
    return out


class Enum(metaclass=Words):
    pass


ENUMS = {"NodeStatus", "RunStatus", "TestStatus", "FreshnessStatus", "AccessType", "NodeType", "RelationType",
         "OnConfigurationChangeOption"}


class InProcess:
    """Something that needs dbt in this very process."""

    def __init__(self, name):
        self.__dict__["_name"] = name

    def __call__(self, *_, **__):
        pytest.skip(f"needs dbt inside the process: {self._name}")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return InProcess(f"{self._name}.{name}")

    def __len__(self):
        self()

    def __iter__(self):
        self()

    def __getitem__(self, _key):
        self()

    def __contains__(self, _item):
        self()

    def __mro_entries__(self, bases):
        return (object,)


class Event:
    """A line of the structured log: `info.name`, and `data` with its fields as attributes."""

    def __init__(self, line):
        from dbt.runner import Record

        self.info, self.data = Record(line["info"]), Fields(line.get("data", {}))


class Fields(dict):
    def __getattr__(self, name):
        value = self.get(name, "")
        return Fields(value) if isinstance(value, dict) else value


class EventCatcher:
    """Events of one kind, named by dbt's class for it."""

    def __init__(self, event_to_catch, predicate=lambda _: True):
        self.name, self.predicate, self.caught_events = event_to_catch._name.split(".")[-1], predicate, []

    def catch(self, event):
        if event.info.name == self.name and self.predicate(event):
            self.caught_events.append(event)


class Kind(type):
    """`isinstance(node, FunctionNode)`: by the resource type."""

    def __instancecheck__(cls, node):
        return getattr(node, "resource_type", None) == cls.kind


class FunctionNode(metaclass=Kind):
    kind = "function"


class StandIn(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith(("Error", "Exception")) and not self.__name__.endswith(".events.types"):
            return CliFailure
        if name in ENUMS:
            return Enum
        if name == "BaseRelation" or name == "PostgresRelation":
            from dbt.relations import Relation

            return Relation
        if name == "dbtRunner":
            from dbt.runner import Runner

            return Runner
        if name in ("EventCatcher", "FunctionNode"):
            return globals()[name]
        if name == "set_from_args":
            return lambda *_: None
        return InProcess(f"{self.__name__}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] not in PACKAGES or name.startswith("dbt.tests"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


def install():
    sys.meta_path.append(Finder())
