// The server's events as they happen (server-sent events, read by fetch so that the token stays in a header). Comes back
// by itself with the last id, so that nothing is missed; where the server has no such stream it stays silent.

import { at } from '../base';
import { waitMs } from '../rtc/backoff';

export interface ServerEvent {
  id: string;
  type: string;
  cameraId?: string;
  data: Record<string, unknown>;
}

export interface EventFeedOptions {
  types: readonly string[];
  token(): string | null;
  onEvent(event: ServerEvent): void;
}

/** A line that long is none of ours. */
const longestLine = 1024 * 1024;

/** Takes the stream in pieces, gives whole `data` fields. */
export class EventParser {
  private rest = '';
  private data: string[] = [];

  push(piece: string): string[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    if (this.rest.length > longestLine) throw new Error('a line of the event stream does not end');
    const found: string[] = [];
    for (const line of lines) {
      if (line.startsWith('data:')) this.data.push(line.slice(5).replace(/^ /, ''));
      if (line !== '') continue;
      if (this.data.length) found.push(this.data.join('\n'));
      this.data = [];
    }
    return found;
  }
}

export class EventFeed {
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastId = '';
  private failures = 0;

  constructor(private readonly options: EventFeedOptions) {}

  start(): void {
    if (this.abort) return;
    this.abort = new AbortController();
    void this.run(this.abort.signal);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = null;
  }

  private async run(signal: AbortSignal): Promise<void> {
    let there = true;
    try {
      there = await this.read(signal);
    } catch {
      // The network or the server went away: that is what coming back is for.
    }
    if (signal.aborted || !there) return;
    this.failures += 1;
    this.timer = setTimeout(() => void this.run(signal), waitMs(this.failures, null, Math.random()));
  }

  /** False when there is no such stream for this user. */
  private async read(signal: AbortSignal): Promise<boolean> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    const token = this.options.token();
    if (token) headers['Authorization'] = `Bearer ${token}`;
    if (this.lastId) headers['Last-Event-ID'] = this.lastId;
    const response = await fetch(at(`/api/v1/events?types=${this.options.types.join(',')}`), { headers, signal, cache: 'no-store' });
    if (response.status >= 500 || response.status === 429) return true;
    const right = response.headers.get('Content-Type')?.startsWith('text/event-stream') ?? false;
    if (!response.ok || !right || !response.body) return false;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return true;
      this.failures = 0;
      for (const text of parser.push(decoder.decode(value, { stream: true }))) this.take(text);
    }
  }

  private take(text: string): void {
    let event: Partial<ServerEvent>;
    try {
      event = JSON.parse(text) as Partial<ServerEvent>;
    } catch {
      return;
    }
    if (typeof event.type !== 'string' || typeof event.data !== 'object' || event.data === null) return;
    if (typeof event.id === 'string') this.lastId = event.id;
    this.options.onEvent(event as ServerEvent);
  }
}
