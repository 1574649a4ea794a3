import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { MacroReturn, TemplateError } from "./errors.ts";
import { fileOf, jinja, render, renderAsync, scopeOf } from "./rig.ts";
import type { MacroValue } from "./macro.ts";
import { Kwargs, PyDecimal, PyFloat, PyTuple } from "./values.ts";
import { PyDict } from "./dict.ts";

const later = async (value: unknown): Promise<unknown> => {
  await sleep(1);
  return value;
};

const sometime = async (value: unknown): Promise<unknown> => {
  await sleep(Math.random() * 3);
  return value;
};

const soon = async (): Promise<string> => {
  await Promise.resolve();
  return "";
};

const aroundCaller = async (kwargs: Kwargs): Promise<string> =>
  `<${String(await (kwargs["caller"] as MacroValue).__call__([], null))}>`; // what a call block passes

const returning = (value: unknown): never => {
  // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- what it is made for
  throw new MacroReturn(value);
};

const namesOf = (kwargs: Kwargs): string => Object.keys(kwargs).join();

test("asynchronous rendering awaits calls wherever they stand", async () => {
  const source = `{% macro m(x) %}<{{ q(x) }}>{% endmacro -%}
    {{ q(1) }} {{ q(2) + q(3) }} {{ [q(4), {'k': q(5)}] }} {{ 'y' if q(true) else 'n' }} {{ q(0) or q(6) }} {{ m(q(7)) }}
    {%- for x in q([1, 2]) if q(x) > 1 %} {{ q(x) }}{% endfor %}{% set z = q('z') %} {{ z }} {{ 1 < q(2) < q(3) }}
    {%- call m(8) %}{% endcall %}`;
  const host = { q: later };
  expect((await renderAsync(source.replace("{%- call m(8) %}{% endcall %}", ""), host)).trim()).toBe(
    "1 5 [4, {'k': 5}] y 6 <7> 2 z True",
  );
});

test("call blocks and recursive loops are awaited too", async () => {
  const source = `{% macro w() %}[{{ caller(q('a')) }}]{% endmacro %}{% call(x) w() %}{{ x }}{{ q('b') }}{% endcall %}
{%- for n in q([[1, [2]], [3]]) recursive %}{% if n is iterable %}({{ loop(n) }}){% else %}{{ q(n) }}{% endif %}{% endfor %}`;
  expect(await renderAsync(source, { q: later })).toBe("[ab](1(2))(3)");
});

test("renders of one template at the same time do not disturb one another", async () => {
  const source =
    "{% macro f(n) %}{{ id }}{% if n > 0 %}{{ q(n) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{% for i in range(5) %}{{ f(i) }}|{% endfor %}";
  const template = jinja.template(source, fileOf(source));
  const one = async (id: number): Promise<string> => {
    return (await template.render(scopeOf({ id, q: sometime }))).text;
  };
  const texts = await Promise.all(Array.from({ length: 20 }, (_, id) => one(id)));
  for (const [id, text] of texts.entries()) expect(text).toBe(render(source, { id, q: (n: unknown) => n }));
});

test("the depth of calls is counted per render, also while others wait", async () => {
  const deep = "{% macro f(n) %}{{ q(0) }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(200) }}";
  const all = Array.from({ length: 5 }, () => renderAsync(deep, { q: soon }));
  expect(await Promise.all(all)).toEqual(["", "", "", "", ""]);
  const endless = "{% macro f() %}{{ q(0) }}{{ f() }}{% endmacro %}{{ f() }}";
  await expect(renderAsync(endless, { q: soon })).rejects.toThrow("maximum recursion depth exceeded");
});

test("a call of the host's own starts at no depth, whatever else is waiting", async () => {
  const deep = "{% macro f(n) %}{{ f(n - 1) if n > 0 else q('') }}{% endmacro %}{{ f(200) }}";
  const waiting = renderAsync(deep, { q: later });
  await Promise.resolve();
  const macro = jinja.template("{% macro f(n) %}{{ me(n - 1) if n > 0 }}{% endmacro %}", fileOf(""));
  const names: Record<string, unknown> = {};
  const f = macro.definitions(scopeOf(names), "sync").get("f");
  names["me"] = f;
  expect(f?.__call__([250], null)).toBe("");
  expect(await waiting).toBe("");
});

test("a promise in synchronous rendering is a bug of the host", () => {
  expect(() => render("{{ q(1) }}", { q: later })).toThrow("Internal error");
});

test("definitions bind macros by name, and never one another", async () => {
  const source = "{% macro a(x, y=2) %}{{ x }}{{ b() }}{% endmacro %}{% macro b() %}own{% endmacro %}";
  const seen = scopeOf({ b: () => "from the context" });
  for (const mode of ["sync", "async"] as const) {
    const macros = jinja.template(source, fileOf(source)).definitions(seen, mode);
    expect([...macros.keys()]).toEqual(["a", "b"]);
    expect(macros.get("a")?.parameters).toEqual(["x", "y"]);
  }
  const [atOnce, inTime] = (["sync", "async"] as const).map((mode) =>
    jinja.template(source, fileOf(source)).definitions(seen, mode).get("a")?.__call__([1], null),
  );
  expect([atOnce, await inTime]).toEqual(["1from the context", "1from the context"]);
});

test("definitions for asynchronous calls give macros that await", async () => {
  const source = "{% macro a() %}{{ q(1) }}{% call q2() %}{{ q(2) }}{% endcall %}{% endmacro %}";
  const macros = jinja.template(source, fileOf(source)).definitions(scopeOf({ q: later, q2: aroundCaller }), "async");
  expect(await macros.get("a")?.__call__([], null)).toBe("1<2>");
});

test("dbt's block tags define macros, typed parameters included", () => {
  const source = `{% test positive(model, column_name: string, opts: dict[str, any] = {}) %}{{ model }}{% endtest %}
{% data_test other(model) %}{% enddata_test %}
{% materialization fast, adapter='postgres', supported_languages=['sql'] %}m{% endmaterialization %}
{% materialization slow, default %}m{% endmaterialization %}{% snapshot s %}select 1{% endsnapshot %}{% docs d %}text{% enddocs %}`;
  const macros = jinja.template(source, fileOf(source)).definitions(scopeOf({}), "sync");
  expect([...macros].map(([name, macro]) => [name, macro.kind])).toEqual([
    ["test_positive", "test"],
    ["test_other", "test"],
    ["materialization_fast_postgres", "materialization"],
    ["materialization_slow_default", "materialization"],
    ["snapshot_s", "snapshot"],
    ["docs_d", "docs"],
  ]);
});

test("what return() throws passes through macros untouched", () => {
  const source = "{% macro m() %}a{{ ret([1]) }}b{% endmacro %}";
  const m = jinja
    .template(source, fileOf(source))
    .definitions(scopeOf({ ret: returning }), "sync")
    .get("m");
  try {
    m?.__call__([], null);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown instanceof MacroReturn && thrown.value).toEqual([1]);
  }
});

test("host functions take keyword arguments as a last Kwargs, and None stands for no result", () => {
  const calls: unknown[][] = [];
  const f = (...args: unknown[]): void => void calls.push(args);
  expect(render("{{ f(1, a=2, **{'b': 3}) }} {{ f() }}", { f })).toBe("None None");
  expect(calls).toEqual([[1, new Kwargs({ a: 2, b: 3 })], []]);
});

test("arguments may have the names of JavaScript's own properties", () => {
  expect(render("{{ f(__proto__=1, constructor=2, toString=3) }}", { f: namesOf })).toBe(
    "__proto__,constructor,toString",
  );
});

test("host objects speak Python's protocol", () => {
  const thing = {
    __getattr__: (name: string) => (name === "none" ? null : name === "missing" ? undefined : `attr ${name}`),
    __getitem__: (key: unknown) => (key === "missing" ? undefined : `item ${String(key)}`),
    __call__: (args: unknown[], kwargs: Kwargs | null) => `${args.length}${kwargs ? Object.keys(kwargs).join() : ""}`,
    __str__: () => "thing",
    __iter__: () => [1, 2],
    __len__: () => 2,
    __contains__: (x: unknown) => x === 1,
    __eq__: (x: unknown) => x === "me",
    __mapping__: () => true,
  };
  const source =
    "{{ t }} {{ t.x }} {{ t['y'] }} {{ t.none }} {{ t.missing is defined }} {{ t(1, k=2) }} {{ t | list }} {{ t | length }} {{ 1 in t }} {{ 3 in t }} {{ t == 'me' }} {{ t is mapping }}";
  expect(render(source, { t: thing })).toBe("thing attr x item y None False 1k [1, 2] 2 True False True True");
});

test("callables keep their own attributes", () => {
  const column = Object.assign((name: unknown) => `new ${String(name)}`, {
    create: (x: unknown) => `create ${String(x)}`,
  });
  expect(render("{{ api.Column('a') }} {{ api.Column.create('b') }}", { api: { Column: column } })).toBe(
    "new a create b",
  );
});

test("methods of host classes stay bound to their object", () => {
  class Thing {
    readonly #name = "secret";
    describe(): string {
      return this.#name;
    }
    get shown(): string {
      return this.#name.toUpperCase();
    }
  }
  expect(render("{{ t.describe() }} {% set f = t.describe %}{{ f() }} {{ t.shown }}", { t: new Thing() })).toBe(
    "secret secret SECRET",
  );
});

/** Objects that would hand out anything they are asked for. */
const host = {
  x: { _private: 1, open: 2 },
  f: soon,
  g: URL,
  o: { __getattr__: (name: string) => (name === "open" ? "yes" : Reflect.get({}, name)) },
};

const escapes = [
  "{{ x.constructor }}",
  "{{ x['constructor'] }}",
  "{{ x.__proto__ }}",
  "{{ x._private }}",
  "{{ f.constructor }}",
  "{{ f.prototype }}",
  "{{ g.prototype }}",
  "{{ g.constructor }}",
  "{{ o.constructor }}",
  "{{ o.__proto__ }}",
  "{{ f.call }}",
  "{{ f.bind }}",
  "{{ 'a'.constructor }}",
  "{{ [].constructor }}",
  "{{ {}.constructor }}",
  "{{ x | attr('constructor') }}",
  "{{ [x] | map(attribute='constructor') | first }}",
  "{{ '{0.constructor}'.format(x) }}",
  "{{ x.hasOwnProperty }}",
  "{{ x.toString }}",
  "{{ range.constructor }}",
  "{{ cycler(1).constructor }}",
];
for (const source of escapes)
  test(`nothing leads out of the sandbox: ${source}`, () => {
    expect(render(source, host)).toBe("");
    const call = source.replace(" }}", "('x') }}");
    expect(() =>
      render(
        call.includes("|") || call.includes("format") ? `{% set y = ${source.slice(3, -3)} %}{{ y('x') }}` : call,
        host,
      ),
    ).toThrow(TemplateError);
  });

test("a host object is asked for no name that leads out of it", () => {
  expect(render("{{ o.open }} {{ o['constructor'] }}", host)).toBe("yes ");
});

test("an item may be called `_anything`, which an attribute may not", () => {
  const namespace = { __getitem__: (key: unknown) => (key === "_helper" ? () => "helped" : undefined) };
  expect(render("{{ n._helper() }}", { n: namespace })).toBe("helped");
  expect(() => render("{{ n._other() }}", { n: namespace })).toThrow("unsafe");
});

test("decimals of Postgres print as they came, and count as floats", () => {
  const source = "{{ d }} {{ [d] }} {{ d + 1 }} {{ d == 1.5 }} {{ d is number }} {{ d | tojson }} {{ '%.1f' % d }}";
  expect(render(source, { d: new PyDecimal("1.500") })).toBe("1.500 [Decimal('1.500')] 2.5 True True 1.500 1.5");
});

test("values print and compare as in Python, whoever made them", () => {
  const names = { t: PyTuple.of([1, "a"]), d: new PyDict([["k", new PyFloat(2)]]), n: 10n ** 20n };
  expect(render("{{ t }} {{ d }} {{ n }} {{ t == (1, 'a') }} {{ d.k == 2 }}", names)).toBe(
    "(1, 'a') {'k': 2.0} 100000000000000000000 True True",
  );
});

test("a name of the scope hides a global of Jinja's", () => {
  expect(render("{{ range }} {{ dict(a=1) }}", { range: "mine" })).toBe("mine {'a': 1}");
});
