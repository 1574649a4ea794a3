import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["src/**/*.test.ts"],
    pool: "threads",
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is polled for is there at once on a quiet machine: the time is for a busy one.
    expect: { poll: { timeout: 20_000 } },
  },
});
