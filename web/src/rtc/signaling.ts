// WHIP (RFC 9725) and WHEP over HTTP: posts an offer, gives back the answer and the session's address, ends the
// session. It knows nothing of peer connections and never retries.

import { ApiError, errorOf, unreachable } from '../api/http';
import { strings } from '../strings';

export interface Answer {
  sdp: string;
  /** Absolute address of the session, from `Location`. */
  session: string;
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
  return { sdp: await response.text(), session: new URL(location, new URL(url, window.location.href)).href };
}

/** Ends a session, also while the page is being left. What cannot be ended times out at the server. */
export function endSession(session: string, token: string | null): void {
  fetch(session, { method: 'DELETE', headers: authorization(token), keepalive: true }).catch(() => undefined);
}
