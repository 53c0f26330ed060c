// WHIP (RFC 9725) and WHEP over HTTP: posts an offer, gives back the answer and the session's addresses, asks how it
// goes, ends it. It knows nothing of peer connections and never retries.

import { ApiError, errorOf, unreachable } from '../api/http';
import { strings } from '../strings';

export interface Answer {
  sdp: string;
  /** Absolute address of the session, from `Location`. */
  session: string;
  /** Absolute address of what the API tells of the session (`Link` with rel="status"); null when it tells nothing. */
  status: string | null;
}

/** The first address of this relation in a `Link` header (RFC 8288 section 3). */
export function linked(header: string | null, relation: string): string | null {
  for (const link of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,]*))*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]*))/i.exec(link[2] ?? '');
    if ((relations?.[1] ?? relations?.[2] ?? '').split(' ').includes(relation)) return link[1] ?? null;
  }
  return null;
}

function authorization(token: string | null): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export async function postOffer(
  url: string,
  sdp: string,
  token: string | null,
  signal: AbortSignal,
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', Accept: 'application/sdp', ...authorization(token) },
      body: sdp,
      cache: 'no-store',
      signal,
    });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await errorOf(response);
  const location = response.headers.get('Location');
  if (response.status !== 201 || !location) {
    throw new ApiError(response.status, 'BAD_ANSWER', strings.link.notASession);
  }
  const absolute = (address: string) => new URL(address, new URL(url, window.location.href)).href;
  const status = linked(response.headers.get('Link'), 'status');
  return {
    sdp: await response.text(),
    session: absolute(location),
    status: status === null ? null : absolute(status),
  };
}

/** Whether the server says, at the session's `status`, that it shows old pictures to catch up. */
export async function catchesUp(status: string, token: string | null): Promise<boolean> {
  const response = await fetch(status, {
    headers: { Accept: 'application/json', ...authorization(token) },
    cache: 'no-store',
  });
  return response.ok && ((await response.json()) as { catchingUp?: unknown }).catchingUp === true;
}

/** Ends a session, also while the page is being left. What cannot be ended times out at the server. */
export function endSession(session: string, token: string | null): void {
  fetch(session, { method: 'DELETE', headers: authorization(token), keepalive: true }).catch(() => undefined);
}
