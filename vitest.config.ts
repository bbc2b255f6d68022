import { defineConfig } from 'vitest/config';

// Real processes (dbt, hyperd, simulators) share two cores: one file at a time per core, generous time-outs.
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
