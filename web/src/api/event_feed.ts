// What happens at the server, as server-sent events over fetch (EventSource cannot send a token in a header). Keeps
// itself alive with back-off, tells what was missed by the last event's id, and never gives up until it is stopped.

import { at } from '../base';
import { waitMs } from '../rtc/backoff';

export interface ServerEvent {
  id: string;
  type: string;
  cameraId?: string;
  data: Record<string, unknown>;
}

export interface FeedOptions {
  path: string;
  token(): string | null;
  onEvent(event: ServerEvent): void;
  /** True from the first answer on, false while it is lost. */
  onOpen(open: boolean): void;
  onUnauthorized(): void;
}

const silenceLimitMs = 45_000; // the server has a heartbeat every 15 s
const absentMs = 60_000; // a server without events is asked again after a minute

/** Cuts a stream of text into the `data` of its events; comments and other fields are left out. */
export class EventParser {
  private rest = '';

  /** The events that are whole with this piece. */
  push(text: string): string[] {
    // A CR at the end may be half of a line's end.
    const whole = this.rest + text;
    const half = whole.endsWith('\r') ? '\r' : '';
    const blocks = whole.slice(0, whole.length - half.length).replace(/\r\n?/g, '\n').split('\n\n');
    this.rest = (blocks.pop() ?? '') + half;
    if (this.rest.length > 1 << 20) this.rest = ''; // not an event stream
    return blocks
      .map((block) =>
        block
          .split('\n')
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).replace(/^ /, ''))
          .join('\n'),
      )
      .filter(Boolean);
  }
}

export class EventFeed {
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private lastId = '';

  constructor(private readonly options: FeedOptions) {}

  start(): void {
    if (this.abort) return;
    void this.run(new AbortController());
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.abort?.abort();
    this.abort = null;
    this.options.onOpen(false);
  }

  /** Ends a wait: the server is known to be back, or there is a new token. */
  restart(): void {
    if (!this.abort) return;
    this.abort.abort();
    clearTimeout(this.timer);
    void this.run(new AbortController());
  }

  private async run(mine: AbortController): Promise<void> {
    this.abort = mine;
    let wait: number | null = null;
    try {
      wait = await this.read(mine);
    } catch {
      // Lost or aborted; which of both is seen below.
    }
    clearTimeout(this.silence);
    if (this.abort !== mine) return;
    this.options.onOpen(false);
    this.failures += 1;
    this.timer = setTimeout(() => void this.run(new AbortController()), wait ?? waitMs(this.failures, null, Math.random()));
  }

  /** Reads until the stream ends; how long to wait after a refusal. */
  private async read(mine: AbortController): Promise<number | null> {
    const token = this.options.token();
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (token) headers['Authorization'] = `Bearer ${token}`;
    if (this.lastId) headers['Last-Event-ID'] = this.lastId;
    const response = await fetch(at(this.options.path), { headers, cache: 'no-store', signal: mine.signal });
    if (response.status === 401) {
      this.options.onUnauthorized();
      return absentMs;
    }
    if (!response.ok || !response.body) return response.status >= 500 ? null : absentMs;
    if (this.abort !== mine) return null;
    this.options.onOpen(true);
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => mine.abort(), silenceLimitMs);
      const { done, value } = await reader.read();
      if (done || this.abort !== mine) return null;
      this.failures = 0;
      for (const text of parser.push(decoder.decode(value, { stream: true }))) this.deliver(text);
    }
  }

  private deliver(text: string): void {
    let event: Partial<ServerEvent>;
    try {
      event = JSON.parse(text) as Partial<ServerEvent>;
    } catch {
      return;
    }
    if (typeof event.type !== 'string') return;
    if (typeof event.id === 'string') this.lastId = event.id;
    this.options.onEvent({ id: '', data: {}, ...event } as ServerEvent);
  }
}
