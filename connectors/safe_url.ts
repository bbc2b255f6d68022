const SECRET_NAME = /secret|token|password|assertion|signature|api[-_]?key|^sig$|^code$/i;

/** A URL as it may be shown and stored: without user info and fragment, with the values of secret parameters blanked. */
export function safeUrl(url: string | URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  for (const name of [...shown.searchParams.keys()]) {
    if (SECRET_NAME.test(name)) shown.searchParams.set(name, '***');
  }
  return shown.href;
}

/** A secret as it is, and as a form, a URL and JSON write it: a server may repeat what it was sent. */
export function spellings(secret: string): readonly string[] {
  const form = new URLSearchParams({ secret }).toString().slice('secret='.length);
  return [secret, form, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
}

/** A text with every occurrence of each secret blanked; secrets under 4 characters are too short to look for. */
export function redact(text: string, secrets: Iterable<string>): string {
  let shown = text;
  for (const secret of secrets) {
    if (secret.length >= 4) shown = shown.replaceAll(secret, '***');
  }
  return shown;
}

/**
 * A base URL joined with a path; the base may itself have a path.
 * @throws TypeError when the base is no URL
 */
export function joinUrl(
  base: string,
  path: string,
  query: Readonly<Record<string, string | null>> = {},
): URL {
  const url = new URL(base.replace(/\/+$/, '') + path);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url;
}
