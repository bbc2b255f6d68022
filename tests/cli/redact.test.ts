import { describe, expect, it } from 'vitest';
import { redact, secretsOf } from '../../cli/redact.ts';
import { CONFIG } from '../../schemas/config.ts';

const config = CONFIG.parse({
  sources: {
    polaris: { url: 'https://p.example', client_id: 'public-id', client_secret: 's3cret/with+signs' },
    salesforce: {
      login_url: 'https://s.example',
      client_id: 'public-id',
      auth: { kind: 'client_credentials', client_secret: 'another-secret' },
    },
  },
  tableau: {
    url: 'https://t.example',
    project: 'p',
    auth: { kind: 'pat', token_name: 'visible-name', token_secret: 'token-secret-value' },
  },
});

describe('redact', () => {
  it('finds every secret of a configuration, and nothing else', () => {
    expect([...secretsOf(config)].sort()).toEqual([
      'another-secret',
      's3cret/with+signs',
      'token-secret-value',
    ]);
  });

  it('hides a secret as it is and as it stands in a URL', () => {
    const text = 'POST ?client_secret=s3cret%2Fwith%2Bsigns {"client_secret":"s3cret/with+signs"} public-id';
    expect(redact(text, secretsOf(config))).toBe(
      'POST ?client_secret=[redacted] {"client_secret":"[redacted]"} public-id',
    );
  });
});
