"""Refreezes golden.json: asks Jinja2, configured as dbt configures it, for the answer to every template in it.

    python3 -m venv venv && venv/bin/pip install jinja2==3.1.6 pytz && venv/bin/python src/jinja/oracle/freeze.py

Add a template to a group of golden.json with a null answer, run this, and look at what changed. An answer is
{"text": …} or {"error": "Kind: message"}; of errors found while compiling only the kind is kept. The group "native"
renders as dbt renders YAML values (answers are reprs), the group "lenient" with dbt's undefined values of parsing.
"""

import ast
import collections
import datetime
import itertools
import json
import pathlib
import re

import jinja2
import jinja2.nativetypes
import jinja2.sandbox
import pytz

OPTIONS = {"extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"]}
GOLDEN = pathlib.Path(__file__).with_name("golden.json")


class Text(str):
    pass


class Native(str):
    pass


class Bool(Native):
    pass


class Number(Native):
    pass


class JinjaRenderingError(Exception):
    pass


def whole(nodes):
    """The value of a native template's nodes."""
    nodes = list(nodes)
    if len(nodes) != 1:
        return "".join(map(str, nodes))
    only = nodes[0]
    if isinstance(only, Text):
        return str(only)
    if not isinstance(only, Native):
        return only
    try:
        value = ast.literal_eval(only)
    except (ValueError, SyntaxError, MemoryError):
        value = str(only)
    is_bool = isinstance(value, bool)
    is_number = isinstance(value, (int, float)) and not is_bool
    for marker, name, fits in ((Bool, "bool", is_bool), (Number, "number", is_number)):
        if isinstance(only, marker) and not fits:
            raise JinjaRenderingError(f"Could not convert value {str(only)!r} into type '{name}'")
    return value


class NativeEnvironment(jinja2.sandbox.SandboxedEnvironment):
    code_generator_class = jinja2.nativetypes.NativeCodeGenerator


class Lenient(jinja2.Undefined):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key):
        return self

    def __call__(self, *args, **kwargs):
        return self

    unsafe_callable = False
    alters_data = False


def same(value):
    return value


text = jinja2.sandbox.SandboxedEnvironment(**OPTIONS)
text.filters.update(as_text=same, as_bool=same, as_native=same, as_number=same)
text.filters["is_list"] = lambda value: isinstance(value, list)
lenient = jinja2.sandbox.SandboxedEnvironment(undefined=Lenient, **OPTIONS)
native = NativeEnvironment(**OPTIONS)
native.filters.update(as_text=Text, as_bool=Bool, as_native=Native, as_number=Number)


def modules():
    return {
        "datetime": collections.namedtuple("m", "datetime date time timedelta timezone")(
            datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone
        ),
        "re": re,
        "pytz": pytz,
        "itertools": itertools,
    }


def answer(group, source):
    try:
        if group == "native":
            template = native.from_string(source)
            return {"text": repr(whole(template.root_render_func(template.new_context({"modules": modules()}))))}
        environment = lenient if group == "lenient" else text
        return {"text": environment.from_string(source).render(modules=modules())}
    except jinja2.TemplateSyntaxError:
        return {"error": "TemplateSyntaxError"}
    except Exception as error:
        # Who it was that called is no part of the language.
        message = str(error).replace("jinja2.sandbox.SandboxedEnvironment.call() ", "")
        return {"error": f"{type(error).__name__}: {message}"}


def main():
    golden = json.loads(GOLDEN.read_text())
    frozen = {
        group: [{"template": entry["template"], **answer(group, entry["template"])} for entry in entries]
        for group, entries in golden.items()
    }
    lines = []
    for group, entries in frozen.items():
        rows = ",\n".join("    " + json.dumps(entry, ensure_ascii=False) for entry in entries)
        lines.append(f"  {json.dumps(group)}: [\n{rows}\n  ]")
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
