"""Stands in for the package `dbt` when dbt's own functional tests are run against Sluice's command line.

Put this folder before the tests' own `dbt` (which brings `dbt.tests.adapter`) on PYTHONPATH. `dbt.tests.util` and
`dbt.tests.fixtures.project` are here; every other module of dbt's that a test imports is made on demand by `stand_ins`.
"""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from . import stand_ins  # noqa: E402

stand_ins.install()
