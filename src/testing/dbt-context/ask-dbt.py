"""Asks a real dbt for the answers in answers.json: python3 ask-dbt.py PROJECT DATABASE, a project as context.test.ts writes it.

Run `dbt run -s a v` and `dbt compile` there first; models/x/ holds one expression each, and this reads what they became.
"""
import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
project = pathlib.Path(sys.argv[1])
database = sys.argv[2]
answers = []
for i, (text, _) in enumerate(json.loads((here / "answers.json").read_text())):
    name = f"e{i:03}"
    sql = (project / "target" / "compiled" / "ctx" / "models" / "x" / f"{name}.sql").read_text()
    shown = sql[sql.index("/*\n") + 3:sql.rindex("\n*/")]
    answers.append([text, shown.replace(name, "NAME").replace(database, "DATABASE").replace('"ctx"', '"SCHEMA"')])
(here / "answers.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False))
