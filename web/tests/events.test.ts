import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventFeed, EventParser, type ServerEvent } from '../src/api/events';

const line = (id: string, status: string) =>
  `id: ${id}\nevent: camera-status\ndata: ${JSON.stringify({ id, type: 'camera-status', cameraId: 'c', data: { streamStatus: status } })}\n\n`;

describe('EventParser', () => {
  it('gives whole events however they are cut', () => {
    const text = `: heartbeat\n\n${line('1', 'online')}data: two\ndata: lines\r\n\r\n`;
    for (const size of [1, 3, 7, 1000]) {
      const parser = new EventParser();
      const found: string[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
      expect(found).toHaveLength(2);
      expect(JSON.parse(found[0] ?? '')).toMatchObject({ id: '1' });
      expect(found[1]).toBe('two\nlines');
    }
  });
  it('takes no line without an end', () => {
    const parser = new EventParser();
    expect(() => {
      for (let pieces = 0; pieces < 20; pieces++) parser.push('x'.repeat(100_000));
    }).toThrow();
  });
});

describe('EventFeed', () => {
  const feeds: EventFeed[] = [];
  function make(answer: (headers: Record<string, string>, call: number) => Response) {
    const seen: ServerEvent[] = [];
    const asked: Record<string, string>[] = [];
    vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
      asked.push(init.headers as Record<string, string>);
      return Promise.resolve(answer(asked.at(-1) ?? {}, asked.length));
    });
    const feed = new EventFeed({ types: ['camera-status'], token: () => 'secret', onEvent: (event) => void seen.push(event) });
    feeds.push(feed);
    return { feed, seen, asked };
  }
  const stream = (text: string) => new Response(text, { headers: { 'Content-Type': 'text/event-stream' } });

  afterEach(() => {
    for (const feed of feeds.splice(0)) feed.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('comes back with the last id and misses nothing', async () => {
    vi.useFakeTimers();
    const { feed, seen, asked } = make((_headers, call) => stream(line(String(call), 'online')));
    feed.start();
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked[0]).toMatchObject({ Authorization: 'Bearer secret' });
    expect(asked[0]).not.toHaveProperty('Last-Event-ID');
    expect(asked[1]).toMatchObject({ 'Last-Event-ID': '1' });
    expect(seen.slice(0, 2).map(({ id }) => id)).toEqual(['1', '2']);
    feed.stop();
    const calls = asked.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveLength(calls);
  });

  it('waits out a server that is away, and leaves one without events alone', async () => {
    vi.useFakeTimers();
    const away = make(() => new Response('', { status: 503 }));
    away.feed.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(away.asked.length).toBeGreaterThan(2);
    away.feed.stop();
    const without = make(() => new Response('', { status: 404 }));
    without.feed.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(without.asked).toHaveLength(1);
  });
});
