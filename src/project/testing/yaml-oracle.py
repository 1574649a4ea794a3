"""Asks PyYAML's safe loader what scalars and small documents mean, and prints the answers as JSON.

Usage: pip install pyyaml; python yaml-oracle.py > ../yaml.golden.json
"""
import datetime, json, sys
import yaml

SCALARS = """yes No on OFF true False TRUE tRue y n Y ~ null Null NULL none None 0 00 010 0o10 08 0x1F 0b101 0b12 1_000 _1 1__0 -5 +5 - +
1.0 1. .5 -.5 -1.5 +1.5 1e3 1.0e3 1.0e+3 1.5E-2 .5e+1 1_0.5 .inf -.INF .NaN +.inf 1:30 1:30:15 01:30 1:75 190:20:30.15 2024-01-31 2024-1-5
1.2.3 0.1.0 a b1 1a ''  "" 'yes' "1" '' <<x 0x 0b 123456789012345 a:b a#b http://x.y/z {{x}} -1_0 0_7 007 -010 1,000 50% $5 0.0 -0 -0.0 00.5""".split()
DOCUMENTS = [
    "a: 1\nb: [1, two, {c: d}]\n", "a: &x {k: 1}\nb: *x\n", "base: &b {k: 1, l: 2}\nd:\n  <<: *b\n  l: 3\n", "d:\n  <<: [{a: 1}, {a: 2, b: 3}]\n  c: 4\n",
    "t: |\n  x\n\n  y\n", "t: >\n  x\n  y\n\n  z\n", "t: |-\n  x\n", "t: >+\n  x\n\n", "t: 'it''s'\n", 't: "a\\tb\\u00e9"\n', "t: a\n  b\n  c\n", "- - a\n  - b\n- c\n",
    "a:\nb: ~\n", "? a\n: b\n", "a: 1 # note\n", "'a b': 1\n", "", "# only\n", "---\na: 1\n", "a: !!str 1\nb: !!int '2'\n", "k: {a, b: 1}\n", "a: 1\na: 2\n", "- |\n a\n- b\n",
    '{"a": {"b": [1, 2.5, null, true]}}', "l:\n- a\n- b\nm: x\n", "a: \"{{ x }}\"\n", "x: 'a'   \n", "s: [a, b,]\n",
]


def plain(v):
    if isinstance(v, dict):
        return {k if isinstance(k, str) else json.dumps(k): plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, float):
        return {"float": repr(v)}
    if isinstance(v, datetime.date):
        return {"date": v.isoformat()}
    return v


cases = []
for text in ["x: " + s for s in SCALARS] + DOCUMENTS:
    try:
        cases.append({"text": text, "value": plain(yaml.safe_load(text))})
    except yaml.YAMLError:
        cases.append({"text": text, "error": True})
json.dump(cases, sys.stdout, ensure_ascii=False, indent=1)
print()
