/** What publishing costs, in lines for people; `BENCH_ROWS=10000000` for a larger incremental table. */
import { benchBankOverhead, benchIdle, benchIncrement, benchPublish, type OverheadBench } from "./publish.ts";

const ms = (n: number): string => `${n.toFixed(0)} ms`;

export async function reportPublishing(say: (text: string) => void, seconds: (n: number) => string): Promise<void> {
  const over = ({ gated, direct }: OverheadBench): string => {
    const more = Math.round((gated / direct - 1) * 100);
    return `gated ${seconds(gated)}, direct ${seconds(direct)}: ${Math.abs(more)} % ${more < 0 ? "less" : "more"}`;
  };
  for (const relations of [10, 100, 300]) {
    const p = await benchPublish(relations);
    say(
      `Publish ${String(relations).padEnd(10)} locks held ${ms(p.held)} (least ${ms(p.heldLeast)}), waited for ${ms(p.waited)}; readers at worst ${ms(p.blocked)}; taken back in ${ms(p.rollback)}`,
    );
    say(`                   build ${over(p)}`);
  }
  say(`Bank, all anew     ${over(await benchBankOverhead())}`);
  const grown = await benchIncrement(Number(process.env["BENCH_ROWS"] ?? 1_000_000));
  say(`Incremental        1 % of ${grown.rows.toLocaleString("en")} rows: ${over(grown)}`);
  for (const models of [100, 1000]) {
    const idle = await benchIdle(models);
    say(
      `Nothing to do      ${models} models: sluice build ${seconds(idle.seconds)}, of which parse and start ${seconds(idle.parse)}`,
    );
  }
  say("");
}
