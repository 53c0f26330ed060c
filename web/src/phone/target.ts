// What a phone's link names: `/phone#stream=NAME&key=KEY`. The part behind # never leaves the browser, so a key is not
// sent to the server with the page and stands in no log.

export interface PhoneTarget {
  stream: string;
  /** The camera's stream key; null where the signed-in user publishes. */
  key: string | null;
}

/** Null when the link names no camera, or none that could be. */
export function parseTarget(fragment: string): PhoneTarget | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const stream = fields.get('stream') ?? '';
  if (!/^[a-z0-9-]{1,64}$/.test(stream)) return null;
  const key = fields.get('key');
  return { stream, key: key && /^[\x21-\x7e]{1,200}$/.test(key) ? key : null };
}

/** `base` is where the server's page is, with or without a slash at its end. */
export function phoneLink(base: string, target: PhoneTarget): string {
  return `${base.replace(/\/+$/, '')}/phone${phoneFragment(target)}`;
}

export function phoneFragment(target: PhoneTarget): string {
  const fields = new URLSearchParams({ stream: target.stream });
  if (target.key) fields.set('key', target.key);
  return `#${fields}`;
}
