/** dbt's own objects as templates see them: attributes, keys, and `to_dict()`. */
import { getattr, PyDict, str, toPython } from "../jinja/index.ts";
import type { Mapping } from "../project/types.ts";

export class DbtObject {
  readonly #written: Mapping;
  readonly #attributes: Readonly<{ [name: string]: unknown }>;
  #converted: PyDict | undefined;

  /** `attributes` are what differs from the plain values: records within, times. */
  constructor(values: Mapping, attributes: Readonly<{ [name: string]: unknown }> = {}) {
    this.#written = values;
    this.#attributes = attributes;
  }

  /** Converted when it is first looked into: of a run's results most never are. */
  get #values(): PyDict {
    return (this.#converted ??= toPython(this.#written) as PyDict);
  }

  __getattr__(name: string): unknown {
    if (name === "to_dict") return () => this.#values;
    return Object.hasOwn(this.#attributes, name) ? this.#attributes[name] : this.#values.get(name);
  }
  __getitem__(key: unknown): unknown {
    return this.__getattr__(str(key));
  }
  __contains__(key: unknown): boolean {
    return this.#values.has(key);
  }
}

/** A node's configuration where it is no plain dictionary: what is not set is none. */
export class ConfigObject extends DbtObject {
  readonly #values: PyDict;

  constructor(values: Mapping) {
    super(values);
    this.#values = toPython(values) as PyDict;
  }

  override __getattr__(name: string): unknown {
    const isMethod = name === "get" || name === "keys" || name === "values" || name === "items";
    return isMethod ? getattr(this.#values, name) : (super.__getattr__(name) ?? null);
  }
}
