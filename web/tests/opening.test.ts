// The way to the first picture of an opened page: what is got ready while others are asked, and what is not asked twice.

import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';
import App from '../src/App.vue';
import { createPageRouter } from '../src/router';
import { useCameras } from '../src/stores/cameras';
import { useSession } from '../src/stores/session';
import { apiError, type Call, cookie, created, FakePeer, fakeServer } from './fake_peer';
import { canWatch } from './fake_viewing';
import { ada, signIn, signOut } from './signed_in';

const door = { id: 'id-1', name: 'Door', stream: 'door', isActive: true, streamStatus: 'online' };

let page: VueWrapper | undefined;
let calls: Call[];

const settle = async () => {
  await vi.advanceTimersByTimeAsync(0);
  await flushPromises();
};
const asked = (method: string, path: string) => calls.filter((call) => call.method === method && call.url.startsWith(path)).length;

/** A page whose session is being asked for; the answer comes when the returned function is called. */
async function opening(path: string, answer = (): Response => Response.json({ token: 'secret', expiresIn: 86400, user: ada })) {
  cookie.user = null; // so that the test answers in its place
  let come: () => void = () => undefined;
  const there = new Promise<void>((resolve) => (come = resolve));
  calls = fakeServer(async (call) => {
    if (call.url === '/api/v1/auth/refresh') {
      await there;
      return answer();
    }
    if (call.url.startsWith('/api/v1/cameras')) return Response.json({ items: [door], nextCursor: null });
    return created();
  });
  const history = createMemoryHistory();
  history.replace(path);
  page = mount(App, { global: { plugins: [createPageRouter(history)] }, attachTo: document.body });
  await settle();
  return async () => {
    come();
    await settle();
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  setActivePinia(createPinia());
  signIn();
  canWatch();
});
afterEach(async () => {
  page?.unmount();
  page = undefined;
  await vi.advanceTimersByTimeAsync(60_000); // no offer is kept for the next test
  vi.useRealTimers();
  vi.unstubAllGlobals();
  signOut();
});

describe('the first offer', () => {
  it('is made while the session is asked for, and is the one that is sent', async () => {
    const answered = await opening('/');
    expect(FakePeer.made).toHaveLength(1);
    expect(FakePeer.last.setLocalDescription).toHaveBeenCalledOnce();
    expect(asked('POST', '/whep/')).toBe(0);
    await answered();
    expect(asked('POST', '/whep/door')).toBe(1);
    expect(FakePeer.made).toHaveLength(1);
    FakePeer.last.become('connected');
    await settle();
    expect(page?.get('[data-state]').attributes('data-state')).toBe('live');
  });

  it('does not hold up the question', async () => {
    let turn: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => (turn = resolve));
    const request = async (_name: string, _options: LockOptions, work: () => Promise<unknown>) => {
      await mine;
      return work();
    };
    vi.stubGlobal('navigator', { locks: { request } });
    await opening('/');
    expect([asked('POST', '/api/v1/auth/refresh'), FakePeer.made.length]).toEqual([0, 0]);
    turn();
    await settle();
    expect([asked('POST', '/api/v1/auth/refresh'), FakePeer.made.length]).toEqual([1, 1]);
  });

  it('is made for the page of one camera, too', { timeout: 20_000 }, async () => {
    await import('../src/views/WatchView.vue'); // compiled by the clock on the wall, not by the test's
    const answered = await opening('/watch/door');
    expect(FakePeer.made).toHaveLength(1);
    await answered();
    await vi.waitFor(() => expect(asked('POST', '/whep/door')).toBe(1), 10_000);
    expect(FakePeer.made).toHaveLength(1);
  });

  it('is not made by pages without pictures', async () => {
    await opening('/users');
    expect(FakePeer.made).toHaveLength(0);
  });

  it('is not made in a hidden tab', async () => {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    await opening('/');
    expect(FakePeer.made).toHaveLength(0);
  });

  it('is given up when nobody is signed in', async () => {
    const answered = await opening('/', () => apiError(401, 'No session.'));
    expect(FakePeer.last.closed).toBe(false);
    await answered();
    expect(FakePeer.made.map(({ closed }) => closed)).toEqual([true]);
    expect(asked('POST', '/whep/')).toBe(0);
  });

  it('is given up when nothing is watched within 10 s', async () => {
    await opening('/');
    await vi.advanceTimersByTimeAsync(9000);
    expect(FakePeer.last.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakePeer.last.closed).toBe(true);
  });

  it('is made anew by the viewing when the one ahead failed, which says why', async () => {
    vi.stubGlobal('RTCPeerConnection', class extends FakePeer {
      addTransceiver = () => {
        throw new Error('no such codec');
      };
    });
    const answered = await opening('/');
    expect(FakePeer.made.map(({ closed }) => closed)).toEqual([true]);
    await answered();
    expect(FakePeer.made).toHaveLength(2);
    expect(page?.get('[data-hint]').text()).toContain('no such codec');
  });
});

describe('the video element', () => {
  const source = () => page?.get('video').element.srcObject ?? null;

  it('gets its stream with the answer, before anything flows', async () => {
    const answered = await opening('/');
    await answered();
    expect(source()).not.toBeNull();
    const first = source();
    FakePeer.last.become('connected');
    await settle();
    expect(source()).toBe(first);
  });

  it('keeps the picture it has until the next connection delivers', async () => {
    const answered = await opening('/');
    await answered();
    FakePeer.last.become('connected');
    await settle();
    const first = source();
    FakePeer.last.become('failed');
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakePeer.made).toHaveLength(2);
    expect(FakePeer.last.remote).not.toBe('');
    expect(source()).toBe(first);
    FakePeer.last.become('connected');
    await settle();
    expect(source()).not.toBe(first);
  });

  it('takes the next stream when the one before delivered nothing', async () => {
    const answered = await opening('/');
    await answered();
    const first = source();
    FakePeer.last.become('failed');
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakePeer.made).toHaveLength(2);
    expect(source()).not.toBe(first);
  });
});

describe('the list of cameras', () => {
  /** The list is answered when `come` is called, the events begin at once or when `begin` is. */
  async function follow({ late = false } = {}) {
    signIn();
    let come: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (come = resolve));
    calls = fakeServer(async () => {
      await there;
      return Response.json({ items: [door], nextCursor: null });
    });
    const others = fetch;
    let events: ReadableStreamDefaultController<Uint8Array> | undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    if (!late) begin();
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (!url.startsWith('/api/v1/events')) return others(url, init);
      await begun;
      return new Response(new ReadableStream({ start: (controller) => void (events = controller) }));
    });
    const send = (event: object) => events?.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
    await useSession().restore();
    const release = useCameras().keepFresh();
    await settle();
    return { come, begin, send, release, reads: () => asked('GET', '/api/v1/cameras') };
  }
  const status = (cameraId: string, streamStatus = 'online') => ({ type: 'camera-status', cameraId, data: { streamStatus } });

  it('is read once while the page opens, though its events begin to flow, and again a second later', async () => {
    const { come, send, release, reads } = await follow();
    send(status('id-1'));
    await settle();
    come();
    await settle();
    expect(useCameras().items).toHaveLength(1);
    expect(reads()).toBe(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(reads()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(reads()).toBe(2);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(reads()).toBe(2);
    release();
  });

  it('is not read twice at once when the events begin just after it came', async () => {
    const { come, begin, release, reads } = await follow({ late: true });
    come();
    await settle();
    begin();
    await settle();
    expect(reads()).toBe(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(reads()).toBe(2);
    release();
  });

  it('is read at once when the events come back after a while', async () => {
    const { come, begin, release, reads } = await follow({ late: true });
    come();
    await vi.advanceTimersByTimeAsync(3000);
    begin();
    await settle();
    expect(reads()).toBe(2);
    release();
  });

  it('is left alone once the page is gone', async () => {
    const answered = await opening('/');
    await answered();
    page?.unmount();
    page = undefined;
    await settle();
    const before = calls.length;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(calls.slice(before)).toEqual([]);
  });

  it('is read at once when an event names a camera that it lacks', async () => {
    const { come, send, release, reads } = await follow();
    come();
    await settle();
    send(status('id-2'));
    await settle();
    expect(reads()).toBe(2);
    release();
  });
});
