"""Asks dbt's own seed reader (dbt-common, dbt-postgres) for the types and values of the cases, and prints them as JSON.

Usage: pip install dbt-core dbt-postgres; python seed-oracle.py > ../seed-types.golden.json
"""
import json, os, sys, tempfile, warnings

from dbt.adapters.postgres import PostgresAdapter
from dbt_common.clients import agate_helper

warnings.simplefilter("ignore")

COLUMNS = {
    "integers": ["1", "2", "-3"], "leading zeros": ["007", "010"], "underscores": ["1_000", "2"], "whole floats": ["1.0", "2.00"],
    "floats": ["1.5", "2"], "trailing point": ["1.", "2"], "leading point": [".5", "2"], "big": ["12345678901234567890", "1"],
    "twenty eight digits": ["1234567890123456789012345678", "1"], "thirty digits": ["123456789012345678901234567890", "1"],
    "whole and fraction fill the precision": ["1234567890123456789012345678", "0.5"],
    "tiny beyond precision": ["1.00000000000000000000000000001"], "exponent": ["1e5", "2"], "small exponent": ["1e-3", "2"],
    "upper exponent": ["1.5E1"], "huge exponent": ["1e30"], "plus": ["+1", "2"], "double minus": ["--1"], "minus plus": ["-+1"],
    "nan": ["nan", "1"], "nan alone": ["NaN"], "inf": ["inf", "1.5"], "minus infinity": ["-Infinity", "1"], "nan with digits": ["nan12"],
    "thousands": ["1,000", "2,500"], "odd commas": ["1,0,0"], "only comma": [","], "decimal comma": ["1,5"],
    "dollar": ["$5", "$6.50"], "minus dollar": ["-$5"], "dollar minus": ["$-5"], "trailing euro": ["5€"], "two currencies": ["$€5"],
    "reversed currencies": ["€$5"], "percent": ["5%", "6.5%"], "leading percent": ["%5"], "percent dollar": ["$5%"], "spaced percent": ["5 %"],
    "spaced dollar": ["$ 5"], "only dollar": ["$"], "only percent": ["%"], "only minus": ["-"], "kr": ["5 kr"], "hex": ["0x10"],
    "spaces": [" 1 ", "2"], "inner space": ["1 000"], "underscore only": ["_"], "odd underscores": ["_1__0_"],
    "empty": ["", ""], "null words": ["null", "NULL", "Null"], "null and number": ["null", "5"], "null and text": ["null", "a"],
    "na": ["NA", "1"], "none": ["None", "1"], "blank": ["   ", "1"], "blank text": ["   ", "a"], "dot": [".", "1"], "nulls with spaces": [" null ", "1.5"],
    "dates": ["2024-01-31", "2023-12-01"], "short dates": ["2024-1-5", "2024-11-30"], "bad day": ["2024-02-30"], "leap day": ["2024-02-29"],
    "no leap day": ["2023-02-29"], "year zero": ["0000-01-01"], "slash dates": ["2024/01/31"], "german dates": ["31.01.2024"],
    "date and null": ["2024-01-31", ""], "date and datetime": ["2024-01-31", "2024-01-31 10:00:00"], "spaced date": [" 2024-01-31 "],
    "day with space": ["2024-01- 5"], "basic date": ["20240131"], "two digit year": ["24-01-31"],
    "datetimes": ["2024-01-31 10:00:00", "2024-01-31 23:59:59"], "short datetimes": ["2024-1-1 1:2:3"], "two spaces": ["2024-01-31  10:00:00"],
    "second 60": ["2024-01-31 10:00:60"], "second 61": ["2024-01-31 10:00:61"], "hour 24": ["2024-01-31 24:00:00"], "fraction": ["2024-01-31 10:00:00.5"],
    "no seconds": ["2024-01-31 10:00"], "tab between": ["2024-01-31\t10:00:00"],
    "iso": ["2024-01-31T10:00:00"], "iso zulu": ["2024-01-31T10:00:00Z"], "iso offset": ["2024-01-31T10:00:00+02:00"], "iso short offset": ["2024-01-31T10:00:00-05"],
    "iso basic": ["20240131T100000"], "iso mixed": ["20240131T10:00:00"], "iso minutes": ["2024-01-31T10:00"], "iso fraction minutes": ["2024-01-31T10:00.5"],
    "iso hours": ["2024-01-31T10"], "iso fraction hours": ["2024-01-31T10.25"], "iso micro": ["2024-01-31T10:00:00.123456"], "iso nano": ["2024-01-31T10:00:00.123456789Z"],
    "iso comma": ["2024-01-31T10:00:00,5"], "iso week": ["2024-W05-3T10:00"], "iso basic week": ["2024W053T10:00"], "iso week only": ["2024-W05T10:00"],
    "iso ordinal": ["2024-031T10:00"], "iso basic ordinal": ["2024031T10"], "iso ordinal 366": ["2023-366T10"], "iso month": ["2024-01T10"], "iso basic month": ["202401T10"],
    "iso month zero": ["2024-00T10"], "iso day zero month": ["2024-00-05T10"], "iso month 13": ["2024-13T10"], "iso year": ["2024T10"], "iso century": ["20T10"], "iso lower": ["2024-01-31t10:00:00"],
    "iso two Ts": ["2024-01-31TT10:00:00"], "iso 24": ["2024-01-31T24:00:00"], "iso second 60": ["2024-01-31T10:00:60"], "iso and plain": ["2024-01-31T10:00:00", "2024-01-31 10:00:00"],
    "iso and date": ["2024-01-31T10:00:00", "2024-01-31"], "iso one dash": ["2024-0131T10:00"], "iso other dash": ["202401-31T10:00"], "iso spaced": [" 2024-01-31T10:00:00 "],
    "iso week dash mixed": ["2024-W053T10:00"], "iso week mixed": ["2024W05-3T10:00"], "iso week 00": ["2024-W00-1T10"], "iso week 53 of 2021": ["2021-W53-7T10"],
    "word with T": ["aTb"], "T alone": ["T"],
    "booleans": ["true", "false"], "upper booleans": ["TRUE", "False"], "yes no": ["yes", "no"], "t f": ["t", "f"], "ones": ["1", "0"], "bool and one": ["true", "1"],
    "bool and null": ["true", ""], "comma bool": ["tr,ue"], "spaced bool": [" true "], "text": ["a", "b"], "text and number": ["a", "1"], "time": ["10:00:00"],
    "date and number": ["2024-01-31", "1"], "quoted number": ['"1"'], "line break": ["a\nb", "c"], "uuid": ["123e4567-e89b-12d3-a456-426614174000"], "sci like": ["1e5a"], "123e4": ["123e4"],
    "phone": ["+49 30 1234"], "zip": ["01067", "80331"], "version": ["1.2.3"], "ip": ["10.0.0.1"], "slash fraction": ["1/2"], "emoji": ["😀"], "nbsp": ["\u00a01"],
}

FILES = {
    "bom": "\ufeffid,name\n1,a\n", "crlf": "id,name\r\n1,a\r\n2,b\r\n", "crlf in quotes": 'id,name\r\n1,"a\r\nb"\r\n', "no last line break": "id\n1", "header only": "id,name\n",
    "blank line": "id,name\n1,a\n\n2,b\n", "blank line at the end": "id,name\n1,a\n\n", "short row": "id,name\n1\n2,b\n", "long row": "id,name\n1,a,x\n",
    "duplicate header": "id,id,name,id\n1,2,a,3\n", "missing header": "id,,name\n1,2,a\n", "quoted delimiter": 'id,name\n1,"a,b"\n', "doubled quote": 'id,name\n1,"a""b"\n',
    "quote within": 'id,name\n1,a"b\n', "empty quoted": 'id,name\n1,""\n', "spaces after delimiter": "id, name\n1, a\n", "empty column": "id,x\n1,\n2,\n",
    "single column blank": "id\n1\n\n2\n", "unicode": "größe\n5\n",
}
OTHERS = {"semicolon": ("id;name\n1;a\n", ";", []), "tab": ("id\tname\n1\ta\n", "\t", []), "pipe": ("id|amount\n1|1.5\n", "|", []),
          "forced text": ("zip,n\n01067,null\n,1\n", ",", ["zip", "n"])}


def column_type(table, i):
    t, a = table.column_types[i], PostgresAdapter
    for cls, convert in ((agate_helper.Integer, a.convert_integer_type), (agate_helper.Number, a.convert_number_type)):
        if isinstance(t, cls):
            return convert(table, i)
    return a.convert_agate_type(table, i)


def value(v):
    if v is None or isinstance(v, str):
        return v
    if isinstance(v, bool):
        return str(v).lower()
    return v.isoformat() if hasattr(v, "isoformat") else str(v)


def ask(text, delimiter=",", forced=()):
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8", delete=False) as f:
        f.write(text)
    try:
        table = agate_helper.from_csv(f.name, text_columns=list(forced), delimiter=delimiter)
        return {"columns": [{"name": n, "type": column_type(table, i)} for i, n in enumerate(table.column_names)],
                "rows": [[value(v) for v in row] for row in table.rows]}
    except Exception as e:
        return {"error": type(e).__name__}
    finally:
        os.unlink(f.name)


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


cases = []
for name, cells in COLUMNS.items():
    text = "k,x\n" + "".join(f"k,{quoted(c)}\n" for c in cells)
    cases.append({"name": name, "text": text, "delimiter": ",", "forced": [], **ask(text)})
for name, text in FILES.items():
    cases.append({"name": "file: " + name, "text": text, "delimiter": ",", "forced": [], **ask(text)})
for name, (text, delimiter, forced) in OTHERS.items():
    cases.append({"name": "file: " + name, "text": text, "delimiter": delimiter, "forced": forced, **ask(text, delimiter, forced)})
json.dump(cases, sys.stdout, ensure_ascii=False, indent=1)
print()
