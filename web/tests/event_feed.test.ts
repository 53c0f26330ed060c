import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventFeed, EventParser, type ServerEvent } from '../src/api/event_feed';

const feeds: EventFeed[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('EventParser', () => {
  it('puts events together from any pieces, and leaves out what is none', () => {
    const text = ': hello\n\nid: 1\ndata: {"a":1}\n\nid: 2\r\ndata: {"b"\r\ndata: :2}\r\n\r\n:\n\ndata:{"c":3}\n\n';
    for (let size = 1; size < text.length; size += 1) {
      const parser = new EventParser();
      const seen: string[] = [];
      for (let at = 0; at < text.length; at += size) seen.push(...parser.push(text.slice(at, at + size)));
      expect(seen).toEqual(['{"a":1}', '{"b"\n:2}', '{"c":3}']);
    }
  });
});

describe('EventFeed', () => {
  function serve() {
    const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
    const headers: Record<string, string>[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      headers.push(init.headers as Record<string, string>);
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void streams.push(controller) });
      init.signal?.addEventListener('abort', () => streams.at(-1)?.error(new DOMException('aborted', 'AbortError')));
      return Promise.resolve(new Response(body, { status: 200 }));
    });
    return { streams, headers, send: (text: string) => streams.at(-1)?.enqueue(new TextEncoder().encode(text)) };
  }

  function follow() {
    const events: ServerEvent[] = [];
    const open: boolean[] = [];
    const feed = new EventFeed({
      path: '/api/v1/events',
      token: () => 'secret',
      onEvent: (event) => events.push(event),
      onOpen: (now) => open.push(now),
      onUnauthorized: () => undefined,
    });
    feeds.push(feed);
    feed.start();
    return { feed, events, open };
  }

  it('delivers, and comes back with the last id after the stream has ended', async () => {
    vi.useFakeTimers();
    const server = serve();
    const { events, open } = follow();
    await vi.advanceTimersByTimeAsync(0);
    server.send('id: x-1\ndata: {"id":"x-1","type":"camera-status","cameraId":"c","data":{"streamStatus":"online"}}\n\n: beat\n\ndata: nonsense\n\n');
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toMatchObject([{ id: 'x-1', cameraId: 'c', data: { streamStatus: 'online' } }]);
    server.streams[0]?.close();
    await vi.advanceTimersByTimeAsync(3000);
    expect(server.headers[0]).toMatchObject({ Authorization: 'Bearer secret' });
    expect(server.headers[1]).toMatchObject({ 'Last-Event-ID': 'x-1' });
    expect(open).toEqual([true, false, true]);
  });

  it('takes silence for a loss', async () => {
    vi.useFakeTimers();
    const server = serve();
    follow();
    await vi.advanceTimersByTimeAsync(40_000);
    server.send(': beat\n\n');
    await vi.advanceTimersByTimeAsync(40_000);
    expect(server.streams).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.streams).toHaveLength(2);
  });
});
