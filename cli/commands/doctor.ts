import { examine } from '../../pipelines/doctor.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';

/** Checks everything a night needs and says what to do; exit 1 when something is not well. */
export async function doctor(context: Context): Promise<number> {
  const { config, demo, close } = await configure(context, { start: true, now: null });
  try {
    const findings = await examine(config, nightEnv(context));
    if (context.json) context.output.print(JSON.stringify({ demo, findings }));
    else {
      const lines = findings.map(({ what, ok, observed, advice }) =>
        ok ? `✓ ${what}: ${observed}` : `✗ ${what}: ${observed}\n    next step: ${advice}`,
      );
      const against = demo ? 'the bundled simulators (no meterline.yaml here)' : 'the configured systems';
      context.output.print([`checked against ${against}`, ...lines].join('\n'));
    }
    return findings.every((finding) => finding.ok) ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}
