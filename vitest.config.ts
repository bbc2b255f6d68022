import { configDefaults, defineConfig } from 'vitest/config';

// Checks that need material from outside the project have a folder and a command of their own.
const OUTSIDE = ['tests/schema/**/*.test.ts', 'tests/outside/**/*.test.ts'];
const outside = process.env.METERLINE_TEST_OUTSIDE === '1';

// Real processes (dbt, hyperd, simulators) share two cores: two files at a time, time-outs that only end what hangs.
export default defineConfig({
  test: {
    include: outside ? OUTSIDE : ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
    exclude: outside ? configDefaults.exclude : [...configDefaults.exclude, ...OUTSIDE],
    reporters: ['default', './tests/closing_line.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
  },
});
