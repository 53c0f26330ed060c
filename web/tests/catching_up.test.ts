import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CatchingUp } from '../src/rtc/catching_up';
import type { Link } from '../src/rtc/link';
import { linked } from '../src/rtc/signaling';
import { watch } from '../src/rtc/whep';
import { created, FakePeer, fakeServer } from './fake_peer';
import { Receiving } from './fake_viewing';

function report(entries: object[]): RTCStatsReport {
  return new Map(entries.map((entry, at) => [String(at), entry])) as unknown as RTCStatsReport;
}
const lost = (pliCount: number) => report([{ type: 'inbound-rtp', pliCount }, { type: 'outbound-rtp', pliCount: 99 }]);

beforeEach(() => {
  vi.useFakeTimers();
  FakePeer.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('CatchingUp', () => {
  const make = (answers: (boolean | Error)[]) => {
    const ask = vi.fn(() => {
      const answer = answers.shift() ?? false;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    const tell = vi.fn();
    return { ask, tell, follows: new CatchingUp(ask, tell) };
  };

  it('asks once where nothing is to be caught up with', async () => {
    const { ask, tell, follows } = make([false]);
    follows.begin();
    expect(ask).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(tell).not.toHaveBeenCalled();
  });

  it('asks twice a second as long as the server says so', async () => {
    const { ask, tell, follows } = make([true, true, true, false]);
    follows.begin();
    await vi.advanceTimersByTimeAsync(300);
    expect(tell.mock.calls).toEqual([[true]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(4);
    expect(tell.mock.calls).toEqual([[true], [false]]);
  });

  it('asks again when the picture was lost, and not because it is watched', async () => {
    const { ask, tell, follows } = make([false, true, false]);
    follows.begin();
    await vi.advanceTimersByTimeAsync(1000);
    for (let second = 0; second < 30; second++) follows.update(lost(2));
    await vi.advanceTimersByTimeAsync(1000);
    expect(ask).toHaveBeenCalledTimes(1);
    follows.update(lost(3));
    await vi.advanceTimersByTimeAsync(0);
    expect(tell.mock.calls).toEqual([[true]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(3);
    expect(tell.mock.calls).toEqual([[true], [false]]);
  });

  it('takes a failure for a no', async () => {
    const { ask, tell, follows } = make([true, new TypeError('Failed to fetch')]);
    follows.begin();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(tell.mock.calls).toEqual([[true], [false]]);
  });

  it('says nothing more once stopped, whatever is answered late', async () => {
    let answer = (_: boolean): void => undefined;
    const tell = vi.fn();
    const follows = new CatchingUp(() => new Promise((resolve) => (answer = resolve)), tell);
    follows.begin();
    await vi.advanceTimersByTimeAsync(300);
    follows.stop();
    answer(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tell).not.toHaveBeenCalled();
  });
});

describe('a watched stream', () => {
  const links: Link[] = [];
  afterEach(() => {
    for (const link of links.splice(0)) link.stop();
  });

  async function watched(link: string | null) {
    const headers: Record<string, string> = link ? { Link: link } : {};
    let catchingUp = true;
    const calls = fakeServer((call) =>
      call.method === 'POST' ? created('/whep/door/42', headers) : Response.json({ catchingUp }),
    );
    const onCatchingUp = vi.fn();
    const one = watch({
      stream: 'door',
      token: () => 'secret',
      onStatus: () => undefined,
      onUnauthorized: () => undefined,
      onMedia: () => undefined,
      onCatchingUp,
    });
    links.push(one);
    vi.stubGlobal('MediaStream', class {});
    vi.stubGlobal('RTCPeerConnection', Receiving);
    one.start();
    await vi.advanceTimersByTimeAsync(0);
    FakePeer.last.become('connected');
    return { calls, onCatchingUp, link: one, live: () => (catchingUp = false) };
  }

  it('asks where its session tells how it goes', async () => {
    const { calls, onCatchingUp, live } = await watched('</live/api/v1/sessions/7>; rel="status"');
    await vi.advanceTimersByTimeAsync(300);
    expect(calls.at(-1)).toMatchObject({
      method: 'GET',
      url: new URL('/live/api/v1/sessions/7', location.href).href,
      headers: { Authorization: 'Bearer secret' },
    });
    expect(onCatchingUp.mock.calls).toEqual([[true]]);
    live();
    await vi.advanceTimersByTimeAsync(500);
    expect(onCatchingUp.mock.calls).toEqual([[true], [false]]);
  });

  it('is not catching up any more when it is lost', async () => {
    const { onCatchingUp } = await watched('</api/v1/sessions/7>; rel="status"');
    await vi.advanceTimersByTimeAsync(300);
    FakePeer.last.become('failed');
    expect(onCatchingUp.mock.calls).toEqual([[true], [false]]);
  });

  it('asks nobody where nothing tells', async () => {
    const { calls, onCatchingUp } = await watched(null);
    await vi.advanceTimersByTimeAsync(2000);
    expect(calls.filter((call) => call.method === 'GET')).toHaveLength(0);
    expect(onCatchingUp).not.toHaveBeenCalled();
  });
});

describe('linked', () => {
  it('finds a relation among others, and is not led astray by what stands in quotes', () => {
    const header =
      '<turn:t.example>; rel="ice-server"; username="a, <b>; rel=\\"status\\""; credential="x", </api/1>; rel="status"';
    expect(linked(header, 'status')).toBe('/api/1');
    expect(linked(header, 'ice-server')).toBe('turn:t.example');
    expect(linked('</a>;rel=status', 'status')).toBe('/a');
    expect(linked('</a>; rel="next status"', 'status')).toBe('/a');
    expect(linked('</a>; title="rel=status"', 'status')).toBeNull();
    expect(linked(null, 'status')).toBeNull();
  });
});
