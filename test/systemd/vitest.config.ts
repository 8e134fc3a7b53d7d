import { defineConfig } from 'vitest/config';

/** By `npm run test:systemd`, which makes the system that they boot. */
export default defineConfig({
  test: {
    include: ['test/systemd/**/*.test.ts'],
    // One machine after the other, and each test goes on where the one before it ended.
    maxWorkers: 1,
    bail: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
