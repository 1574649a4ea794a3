#!/usr/bin/env node
/** The bin. Only this file exits; everything heavy is imported when it is needed. */
import module from "node:module";

// Free on Node 22 and later, where it saves the compilation of our own code.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
  const { version } = await import("./lib/package-root.ts");
  process.stdout.write(`${version()}\n`);
} else {
  const { main } = await import("./commands/main.ts");
  process.exitCode = await main(argv);
}
