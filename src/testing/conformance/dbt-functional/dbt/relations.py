"""Relations and columns, and the questions to the catalog that tests ask of `project.adapter`."""
import os
import re
from contextlib import contextmanager

import psycopg2

from dbt.stand_ins import InProcess, Word


def quote(name):
    return '"' + name.replace('"', '""') + '"'


class Relation:
    def __init__(self, database=None, schema=None, identifier=None, type=None, **_):
        self.database, self.schema, self.identifier = database, schema, identifier
        self.type = Word(type) if type else None
        self.name = self.table = identifier

    @classmethod
    def create(cls, database=None, schema=None, identifier=None, type=None, **_):
        return cls(database, schema, identifier, type)

    def incorporate(self, path=None, type=None, **_):
        parts = {"database": self.database, "schema": self.schema, "identifier": self.identifier, **(path or {})}
        return Relation(**parts, type=type or self.type)

    def include(self, database=True, schema=True, identifier=True):
        return Relation(self.database if database else None, self.schema if schema else None,
                        self.identifier if identifier else None, self.type)

    def without_identifier(self):
        return self.include(identifier=False)

    def matches(self, database=None, schema=None, identifier=None):
        return all(a is None or a == b for a, b in
                   ((database, self.database), (schema, self.schema), (identifier, self.identifier)))

    @property
    def fully_qualified_path(self):
        return str(self)

    def render(self):
        return str(self)

    def __str__(self):
        return ".".join(quote(p) for p in (self.database, self.schema, self.identifier) if p)

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    def __getattr__(self, name):
        if name in ("is_table", "is_view", "is_materialized_view", "is_cte"):
            return self.type == name[3:]
        raise AttributeError(name)


class Column:
    def __init__(self, name, data_type):
        self.name = self.column = name
        self.data_type = data_type
        self.dtype = re.sub(r"\(.*?\)", "", data_type)
        size = re.search(r"^(?:character|text).*\((\d+)\)", data_type)
        self.char_size = int(size.group(1)) if size else None

    @property
    def quoted(self):
        return quote(self.name)


KINDS = {"r": "table", "v": "view", "m": "materialized_view", "p": "table", "f": "external"}


class Adapter:
    """Straight to Postgres; what only dbt's adapter in this process could answer skips the test."""

    Relation = Relation

    def __init__(self, target):
        self.target = target
        self.connection = psycopg2.connect(
            host=target["host"], port=target["port"], user=target["user"], password=target["pass"], dbname=target["dbname"])
        self.connection.autocommit = True
        credentials = type("Credentials", (), {"schema": target["schema"], "database": target["dbname"]})
        self.config = type("Config", (), {"credentials": credentials, "target_name": "default"})

    def type(self):
        return "postgres"

    def quote(self, name):
        return quote(name)

    def rows(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def execute(self, sql, auto_begin=False, fetch=False, limit=None):
        return None, self.rows(sql)

    def commit_if_has_connection(self):
        pass

    @contextmanager
    def connection_named(self, _name, *_):
        yield self

    @property
    def connections(self):
        return self

    def get_thread_connection(self):
        return self

    def create_schema(self, relation):
        self.rows(f"create schema if not exists {quote(relation.schema)}")

    def drop_schema(self, relation):
        self.rows(f"drop schema if exists {quote(relation.schema)} cascade")

    def check_schema_exists(self, _database, schema):
        return bool(self.rows("select 1 from pg_namespace where nspname = %s", schema))

    def drop_relation(self, relation):
        noun = {"view": "view", "materialized_view": "materialized view"}.get(relation.type, "table")
        self.rows(f"drop {noun} if exists {relation} cascade")

    def rename_relation(self, old, new):
        self.rows(f"alter table {old} rename to {quote(new.identifier)}")

    def list_relations(self, database, schema):
        return self.list_relations_without_caching(Relation(database, schema))

    def list_relations_without_caching(self, relation):
        found = self.rows(
            "select relname, relkind from pg_class c join pg_namespace n on n.oid = relnamespace"
            " where nspname ilike %s and relkind in ('r','v','m','p','f')", relation.schema)
        functions = self.rows(
            "select distinct proname, 'function' from pg_proc p join pg_namespace n on n.oid = pronamespace"
            " where nspname ilike %s", relation.schema)
        return [Relation(relation.database, relation.schema, name, KINDS.get(kind, kind)) for name, kind in found + functions]

    def get_relation(self, database, schema, identifier):
        return next((r for r in self.list_relations(database, schema) if r.identifier == identifier), None)

    def get_columns_in_relation(self, relation):
        found = self.rows(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute a"
            " join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace"
            " where nspname = %s and relname = %s and attnum > 0 and not attisdropped order by attnum",
            relation.schema, relation.identifier)
        return [Column(name, type) for name, type in found]

    def update_column_sql(self, dst_name, dst_column, clause, where_clause=None):
        return f"update {dst_name} set {dst_column} = {clause}" + (f" where {where_clause}" if where_clause else "")

    def timestamp_add_sql(self, add_to, number=1, interval="hour"):
        return f"{add_to} + interval '{number} {interval}'"

    def string_add_sql(self, add_to, value, location="append"):
        return f"{add_to} || '{value}'" if location == "append" else f"'{value}' || {add_to}"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return InProcess(f"adapter.{name}")


def target_from_environment():
    return {
        "type": "postgres", "threads": 4, "host": os.environ["POSTGRES_TEST_HOST"],
        "port": int(os.environ["POSTGRES_TEST_PORT"]), "user": os.environ["POSTGRES_TEST_USER"],
        "pass": os.environ["POSTGRES_TEST_PASS"], "dbname": os.environ["POSTGRES_TEST_DATABASE"],
    }
