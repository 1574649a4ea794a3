/** All suites, in the order they run and are reported. To add one: a file beside this that exports a `Suite`, and a line here. */
import { dbtFunctional } from "./dbt-functional.ts";
import { artifacts } from "./artifacts.ts";
import { golden } from "./golden.ts";
import { packageSuites } from "./packages.ts";
import { scripts } from "./scripts.ts";
import { shops } from "./shops.ts";
import type { Suite } from "./suite.ts";

export const suites: readonly Suite[] = [shops, artifacts, golden, ...packageSuites, scripts, dbtFunctional];
