import { defineConfig } from 'vitest/config';

// Real processes (dbt, hyperd, simulators) share two cores: two files at a time, generous time-outs.
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
    reporters: ['default', './tests/closing_line.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
