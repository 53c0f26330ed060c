import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Link, type LinkOptions } from '../src/rtc/link';
import { apiError, collect, created, FakePeer, fakeServer } from './fake_peer';

const links: Link[] = [];

function makeLink(overrides: Partial<LinkOptions> = {}) {
  const { states, onStatus } = collect();
  const onUnauthorized = vi.fn();
  const link = new Link({
    url: '/whep/door',
    token: () => 'secret',
    createPeer: () => new FakePeer().asPeer(),
    prepare: () => undefined,
    receives: true,
    onStatus,
    onUnauthorized,
    ...overrides,
  });
  links.push(link);
  return { link, states, onUnauthorized };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

async function goLive(link: Link): Promise<FakePeer> {
  link.start();
  await settle();
  FakePeer.last.become('connected');
  return FakePeer.last;
}

/** Lets time pass second by second while bytes come in. */
async function seconds(count: number, peer: FakePeer, perSecond: { any: number; media: number }): Promise<void> {
  for (let second = 0; second < count; second++) {
    peer.bytes = { any: peer.bytes.any + perSecond.any, media: peer.bytes.media + perSecond.media };
    await vi.advanceTimersByTimeAsync(1000);
  }
}

describe('Link', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakePeer.made = [];
  });
  afterEach(() => {
    for (const link of links.splice(0)) link.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('posts the offer with the token and applies the answer', async () => {
    const calls = fakeServer(() => created());
    const { link, states } = makeLink({ tuneOffer: (sdp) => `${sdp}, tuned` });
    const peer = await goLive(link);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ method: 'POST', url: '/whep/door', body: 'the offer, tuned' });
    expect(calls[0]?.headers).toMatchObject({ Authorization: 'Bearer secret', 'Content-Type': 'application/sdp' });
    expect(peer.setLocalDescription).toHaveBeenCalledWith({ type: 'offer', sdp: 'the offer, tuned' });
    expect(peer.remote).toBe('the answer');
    expect(states).toEqual(['connecting', 'live']);
  });

  it('uses an offer that was made ahead, once, and tells what will come before it flows', async () => {
    const calls = fakeServer(() => created());
    const ahead = new FakePeer();
    const offers = [{ peer: ahead.asPeer(), sdp: Promise.resolve('made ahead') }];
    const onAnswer = vi.fn();
    const { link, states } = makeLink({ takeOffer: () => offers.pop() ?? null, onAnswer });
    link.start();
    await settle();
    expect(FakePeer.made).toEqual([ahead]);
    expect(calls[0]?.body).toBe('made ahead');
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith(ahead);
    expect(states).toEqual(['connecting']);
    ahead.become('connected');
    expect(states.at(-1)).toBe('live');
    ahead.become('failed');
    await vi.advanceTimersByTimeAsync(500);
    expect([ahead.closed, FakePeer.made.length]).toEqual([true, 2]);
    expect(calls.at(-1)?.body).toBe('the offer');
  });

  it('ends its session when stopped', async () => {
    const calls = fakeServer(() => created());
    const { link, states } = makeLink();
    const peer = await goLive(link);
    link.stop();
    expect(peer.closed).toBe(true);
    expect(calls.at(-1)).toMatchObject({ method: 'DELETE', url: new URL('/whep/door/42', location.href).href });
    expect(calls.at(-1)?.headers).toMatchObject({ Authorization: 'Bearer secret' });
    expect(states.at(-1)).toBe('idle');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(2);
  });

  it('ends a session that is answered after it was stopped', async () => {
    let answer = (_: Response): void => undefined;
    const calls = fakeServer(() => new Promise<Response>((resolve) => (answer = resolve)));
    // A fetch that ignores its abort signal, as one that has the answer already does.
    const aborting = fetch;
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => aborting(url, { ...init, signal: null }));
    const { link } = makeLink();
    link.start();
    await settle();
    link.stop();
    answer(created());
    await settle();
    expect(calls.map((call) => call.method)).toEqual(['POST', 'DELETE']);
  });

  it('begins anew after the connection fails, and forgets nothing of the first session', async () => {
    const calls = fakeServer(() => created(`/whep/door/${FakePeer.made.length}`));
    const { link, states } = makeLink();
    const first = await goLive(link);
    first.become('failed');
    expect(states.at(-1)).toBe('reconnecting');
    expect(first.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(FakePeer.made).toHaveLength(2);
    FakePeer.last.become('connected');
    expect(states.at(-1)).toBe('live');
    expect(calls.map((call) => call.method)).toEqual(['POST', 'DELETE', 'POST']);
  });

  it('knocks again and again while the server is away, at most every 5 s', async () => {
    let away = true;
    const calls = fakeServer(() => {
      if (away) throw new TypeError('Failed to fetch');
      return created();
    });
    const { link, states } = makeLink();
    link.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toBe('reconnecting');
    const tries = calls.length;
    expect(tries).toBeGreaterThanOrEqual(12);
    expect(tries).toBeLessThan(40);
    expect(FakePeer.made.filter((peer) => !peer.closed)).toHaveLength(0);
    away = false;
    await vi.advanceTimersByTimeAsync(5000);
    FakePeer.last.become('connected');
    expect(states.at(-1)).toBe('live');
  });

  it('takes silence for a loss', async () => {
    fakeServer(() => created());
    const { link, states } = makeLink();
    const peer = await goLive(link);
    await seconds(10, peer, { any: 100, media: 90 });
    expect(states.at(-1)).toBe('live');
    await seconds(6, peer, { any: 0, media: 0 });
    expect(states).toContain('reconnecting');
    expect(peer.closed).toBe(true);
  });

  it('takes stopped media for a loss where it receives, though the server still talks', async () => {
    fakeServer(() => created());
    for (const receives of [true, false]) {
      const { link, states } = makeLink({ receives });
      const peer = await goLive(link);
      await seconds(3, peer, { any: 100, media: 90 });
      await seconds(10, peer, { any: 10, media: 0 });
      expect(peer.closed).toBe(receives);
      expect(states.includes('reconnecting')).toBe(receives);
    }
  });

  it('gives up on a session that never connects', async () => {
    const calls = fakeServer(() => created());
    const { link, states } = makeLink();
    link.start();
    await vi.advanceTimersByTimeAsync(10_100);
    expect(states).toEqual(['connecting', 'reconnecting']);
    expect(calls[1]?.method).toBe('DELETE');
  });

  it('gives up waiting for an answer after 20 s', async () => {
    fakeServer(() => new Promise(() => undefined));
    const { link, states } = makeLink();
    link.start();
    await vi.advanceTimersByTimeAsync(19_900);
    expect(states).toEqual(['connecting']);
    await vi.advanceTimersByTimeAsync(200);
    expect(states).toEqual(['connecting', 'reconnecting']);
  });

  it('says offline when nothing is live and asks again when the server says', async () => {
    const calls = fakeServer(() => apiError(409, 'Nobody publishes.', { 'Retry-After': '7' }));
    const onStatus = vi.fn();
    const { link } = makeLink({ onStatus });
    link.start();
    await settle();
    expect(onStatus).toHaveBeenLastCalledWith({ state: 'offline', reason: 'Nobody publishes.', code: 'SOME_CODE' });
    await vi.advanceTimersByTimeAsync(6900);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls).toHaveLength(2);
  });

  it('asks at once when told that the stream is back', async () => {
    const calls = fakeServer(() => apiError(409, 'Nobody publishes.', { 'Retry-After': '30' }));
    const { link } = makeLink();
    link.start();
    await settle();
    link.retryNow();
    await settle();
    expect(calls).toHaveLength(2);
    link.stop();
    link.retryNow();
    await settle();
    expect(calls).toHaveLength(2);
  });

  it('asks at once when the network is back', async () => {
    const calls = fakeServer(() => {
      throw new TypeError('Failed to fetch');
    });
    const { link } = makeLink();
    link.start();
    await vi.advanceTimersByTimeAsync(20_000);
    const tries = calls.length;
    window.dispatchEvent(new Event('online'));
    await settle();
    expect(calls).toHaveLength(tries + 1);
  });

  it('leads to login on 401 and does not ask again', async () => {
    const calls = fakeServer(() => apiError(401, 'Token is not valid.'));
    const { link, states, onUnauthorized } = makeLink();
    link.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    expect(states.at(-1)).toBe('refused');
    expect(calls).toHaveLength(1);
  });

  it('says why it was refused', async () => {
    fakeServer(() => apiError(422, 'The stream is H.264, which your browser did not offer.'));
    const onStatus = vi.fn();
    const { link } = makeLink({ onStatus });
    link.start();
    await settle();
    expect(onStatus).toHaveBeenLastCalledWith({
      state: 'refused',
      reason: 'The stream is H.264, which your browser did not offer.',
      code: 'SOME_CODE',
    });
  });

  it('tells a publisher that another one is there, and asks again', async () => {
    const calls = fakeServer(() => apiError(409, 'Somebody else publishes to this stream.'));
    const { link, states } = makeLink({ receives: false });
    link.start();
    await settle();
    expect(states.at(-1)).toBe('refused');
    await vi.advanceTimersByTimeAsync(4000);
    expect(calls).toHaveLength(2);
  });

  it('leaves with the page and comes back with it', async () => {
    const calls = fakeServer(() => created());
    const { link } = makeLink();
    await goLive(link);
    window.dispatchEvent(new Event('pagehide'));
    expect(calls.map((call) => call.method)).toEqual(['POST', 'DELETE']);
    window.dispatchEvent(new Event('pageshow'));
    await settle();
    expect(calls.map((call) => call.method)).toEqual(['POST', 'DELETE', 'POST']);
  });

  it('says that the browser has no WebRTC', async () => {
    const calls = fakeServer(() => created());
    const { link, states } = makeLink({
      createPeer: () => {
        throw new ReferenceError('RTCPeerConnection is not defined');
      },
    });
    link.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toBe('refused');
    expect(calls).toHaveLength(0);
  });

  it('reports a browser that cannot make an offer', async () => {
    fakeServer(() => created());
    const { link, states } = makeLink({
      prepare: () => {
        throw new Error('no such codec');
      },
    });
    link.start();
    await settle();
    expect(states.at(-1)).toBe('reconnecting');
    expect(FakePeer.last.closed).toBe(true);
  });
});
