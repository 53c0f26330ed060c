// A peer connection without a network: tests say when it connects, fails or falls silent.

import { vi } from 'vitest';
import type { LinkStatus } from '../src/rtc/link';

export class FakePeer {
  static made: FakePeer[] = [];

  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  remote = '';
  closed = false;
  bytes = { any: 0, media: 0 };

  constructor() {
    FakePeer.made.push(this);
  }

  static get last(): FakePeer {
    const peer = FakePeer.made.at(-1);
    if (!peer) throw new Error('no peer connection was made');
    return peer;
  }

  createOffer = vi.fn(() => Promise.resolve({ type: 'offer', sdp: 'the offer' }));
  setLocalDescription = vi.fn(() => Promise.resolve());
  setRemoteDescription = vi.fn((description: { sdp: string }) => {
    this.remote = description.sdp;
    return Promise.resolve();
  });

  getStats(): Promise<RTCStatsReport> {
    const entries = [
      { id: 'pair', type: 'candidate-pair', bytesReceived: this.bytes.any },
      { id: 'in', type: 'inbound-rtp', bytesReceived: this.bytes.media },
    ];
    return Promise.resolve(new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport);
  }

  close(): void {
    this.closed = true;
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  asPeer(): RTCPeerConnection {
    return this as unknown as RTCPeerConnection;
  }
}

export interface Call {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Whom the refresh cookie stands for; null: there is none. */
export const cookie: { user: object | null } = { user: null };

/** What the server answers whatever a test is about; null leaves it to the test. */
function always(call: Call): Response | null {
  if (call.method === 'DELETE') return new Response(null, { status: 200 });
  if (call.url === '/healthz') return Response.json({});
  if (call.url === '/api/v1/auth/logout') return new Response(null, { status: 204 });
  if (call.url === '/api/v1/info') return Response.json({ setupNeeded: false, registration: 'closed' });
  if (call.url.startsWith('/api/v1/events')) return apiError(404, 'There is nothing at this address.');
  if (call.url === '/api/v1/auth/refresh' && cookie.user) {
    return Response.json({ token: 'secret', refreshToken: null, expiresIn: 86400, user: cookie.user });
  }
  return null;
}

/** Replaces fetch; `answer` decides what is not always the same. Gives back the calls made. */
export function fakeServer(answer: (call: Call) => Response | Promise<Response>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    const call = {
      method: init.method ?? 'GET',
      url,
      headers: (init.headers ?? {}) as Record<string, string>,
      body: String(init.body ?? ''),
    };
    calls.push(call);
    const done = (async () => always(call) ?? (await answer(call)))();
    return new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      done.then(resolve, reject);
    });
  });
  return calls;
}

export function created(session = '/whep/door/42', headers: Record<string, string> = {}): Response {
  return new Response('the answer', { status: 201, headers: { Location: session, ...headers } });
}

export function apiError(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ success: false, error: { code: 'SOME_CODE', message } }), { status, headers });
}

export function collect(): { states: string[]; onStatus(status: LinkStatus): void } {
  const states: string[] = [];
  return { states, onStatus: (status) => void states.push(status.state) };
}
