// What a browser test says to servers and what these log: see tests/support/record.h.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.env.REALLIVE_TEST_RECORD;

/** `kind`: said, secret or log. */
export function record(kind, text) {
  if (directory && text) appendFileSync(join(directory, `${kind}-${process.pid}`), `${text}\n`);
}

// The same of what a test asks beside its pages.
if (directory) {
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options = {}) => {
    const headers = Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
    record('said', [`${options.method ?? 'GET'} ${address}`, ...headers, String(options.body ?? '')].join('\n'));
    const answer = await fetch(address, options);
    if (/json/.test(answer.headers.get('Content-Type') ?? '')) record('said', await answer.clone().text());
    for (const cookie of answer.headers.getSetCookie?.() ?? []) record('said', `Set-Cookie: ${cookie}`);
    return answer;
  };
}

/** All that a page says to the server and hears from it, by Playwright; Firefox ESR does not tell Puppeteer. */
export function recordTraffic(page) {
  if (!directory) return;
  page.on('request', (request) => record('said', `${request.method()} ${request.url()}\n${request.postData() ?? ''}`));
  page.on('response', async (response) => {
    // Playwright hides cookies from headers().
    const cookie = await response.headerValue('set-cookie').catch(() => null);
    if (cookie) record('said', cookie.replace(/^/gm, 'Set-Cookie: '));
    // An answer whose page is gone has no text any more, and a redirect has none.
    if (/json/.test(response.headers()['content-type'] ?? '')) record('said', await response.text().catch(() => ''));
  });
  page.on('websocket', (socket) => {
    for (const event of ['framesent', 'framereceived']) socket.on(event, ({ payload }) => record('said', String(payload)));
  });
}
