/**
 * `npm run chaos [-- --project bank|small --blow kill|cut|stop --every N --from N]`: strikes a build at every statement, in every way,
 * and checks what must hold. Says what did not, and ends with exit code 1 then.
 */
import { parseArgs } from "node:util";
import { ownArena, sharedArena } from "./arena.ts";
import { prepareCampaign } from "./campaign.ts";
import { type Blow, BLOWS, MOMENTS } from "./order.ts";
import { bank, small } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    project: { type: "string", default: "bank" },
    blow: { type: "string", multiple: true, default: [...BLOWS] },
    every: { type: "string", default: "1" },
    from: { type: "string", default: "1" },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);

for (const how of values.blow as Blow[]) {
  const arena = how === "stop" ? await ownArena() : await sharedArena();
  const campaign = await prepareCampaign(values.project === "small" ? small : bank, arena);
  say(`${how}: a build of ${campaign.statements} statements`);
  let [strikes, failed] = [0, 0];
  try {
    for (let at = Number(values.from); at <= campaign.statements; at += Number(values.every)) {
      for (const moment of MOMENTS) {
        const problems = await campaign.strike({ at, how, moment });
        strikes++;
        if (problems.length === 0) continue;
        failed++;
        say([`${how} ${moment} statement ${at}:`, ...problems].join("\n  "));
      }
    }
  } finally {
    await campaign.close();
    await arena.close();
  }
  say(`${how}: ${strikes} blows, ${failed} of them with consequences`);
  if (failed > 0) process.exitCode = 1;
}
