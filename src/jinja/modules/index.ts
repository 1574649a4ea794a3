/** The Python modules dbt hands to templates as `modules`. */
import { PyDict } from "../dict.ts";
import { datetimeFrom, datetimeModule, pytzModule } from "./datetime.ts";
import { itertoolsModule } from "./itertools.ts";
import { reModule } from "./re.ts";

/** `now` is the clock behind `datetime.now()` and its relatives. */
function make(now: () => Date = () => new Date()): PyDict {
  return new PyDict([
    ["datetime", datetimeModule(now)],
    ["pytz", pytzModule()],
    ["re", reModule()],
    ["itertools", itertoolsModule()],
  ]);
}

export const modules = { all: make(), make, datetimeFrom };
