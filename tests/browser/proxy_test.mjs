import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { framesOf, launchChromium, newPage, signIn, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { freePort, Nginx } from './support/nginx.mjs';
import { password, Server } from './support/server.mjs';

// The whole page behind nginx with TLS, below a path, as docs/configuration.md tells people to set it up.

const prefix = '/cams';

let server;
let proxy;
let browser;
let page;
let stream;
const requested = [];
const complaints = [];

before(async () => {
  const port = await freePort();
  server = await Server.create({
    'https.listen': '127.0.0.1:0',
    'http.public_url': `https://127.0.0.1:${port}${prefix}`,
    'http.trusted_proxies': '127.0.0.1',
  });
  await server.addUser('ada');
  ({ stream } = await server.addCamera('Front door', 'test'));
  await server.start();
  // The certificate that the server made for itself names the loopback, too.
  const tls = (name) => join(server.data, 'tls', name);
  proxy = await Nginx.start({ port, prefix, target: server.url, certificate: tls('server.crt'), key: tls('server.key') });
  browser = await launchChromium();
  page = await newPage(browser, { ignoreHTTPSErrors: true });
  page.on('request', (request) => requested.push(request.url()));
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.exposeFunction('tellViolation', (what) => complaints.push(what));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.tellViolation(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
});
after(async () => {
  await browser?.close();
  await proxy?.stop();
  await server?.close();
});

const row = (name) => page.getByRole('row').filter({ hasText: name });

async function asOwner(method, path, body) {
  const answer = await fetch(server.url + prefix + path, {
    method,
    headers: { Authorization: `Basic ${btoa(`ada:${password}`)}`, 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

test('one signs in through the proxy, and the picture of the grid moves', async () => {
  const feed = page.waitForResponse((response) => response.url().startsWith(`${proxy.url}/api/v1/events`));
  await signIn(page, proxy.url);
  assert.equal((await feed).status(), 200);
  assert.equal(page.url(), `${proxy.url}/`);
  await waitForState(page, stream, 'live');
  const frames = await framesOf(page, stream, 40);
  const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
  assert.ok(moved.length > 13, `only ${moved.length} of 39 frames differ from the one before`);
  assert.ok((await proxy.asked()).includes(`POST ${prefix}/whep/${stream} 201`), 'the offer went through the proxy');
});

test('the session’s cookie is for this path alone, and only over TLS', async () => {
  const cookies = await page.context().cookies(`${proxy.url}/api/v1/auth/refresh`);
  const cookie = cookies.find(({ name }) => name === 'reallive_refresh');
  assert.deepEqual([cookie.path, cookie.secure, cookie.httpOnly, cookie.sameSite], [`${prefix}/api`, true, true, 'Strict']);
});

test('a click leads to the cameras, where events tell what happens elsewhere', async () => {
  await page.getByRole('link', { name: 'Cameras', exact: true }).click();
  await page.waitForURL(`${proxy.url}/cameras`);
  await row('Front door').waitFor();
  // The page's clock stands still from here on, so that the list is not read again because it is time.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  const added = await asOwner('POST', '/api/v1/cameras', { name: 'Back yard', source: { url: 'test' } });
  await row('Back yard').waitFor();
  await asOwner('PUT', `/api/v1/cameras/${added.id}`, { name: 'Garden' });
  await row('Garden').waitFor();
  await asOwner('DELETE', `/api/v1/cameras/${added.id}`);
  await row('Garden').waitFor({ state: 'detached' });
  await page.clock.resume();
});

test('a WebSocket of events goes through, too', async () => {
  const first = await page.evaluate(async ([address, username, secret]) => {
    const answer = await fetch(`${address}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username, password: secret }),
    });
    const { token } = await answer.json();
    const socket = new WebSocket(`${address.replace('https', 'wss')}/ws/events`);
    try {
      return await new Promise((resolve, reject) => {
        socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', token }));
        socket.onmessage = ({ data }) => resolve(JSON.parse(data).type);
        socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`));
      });
    } finally {
      socket.onclose = null;
      socket.close();
    }
  }, [proxy.url, 'ada', password]);
  assert.equal(first, 'snapshot');
});

test('a page within lasts over a reload, signed in', async () => {
  await row('Front door').getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Front door' }).waitFor();
  const address = page.url();
  assert.ok(address.startsWith(`${proxy.url}/cameras/`), address);
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Front door' }).waitFor();
  assert.equal(page.url(), address);
  await page.goto(`${proxy.url}/watch/${stream}`);
  await page.reload();
  await waitForState(page, stream, 'live');
  assert.equal((await framesOf(page, stream, 10)).length, 10);
});

test('links for others name the address of the proxy', async () => {
  await page.goto(`${proxy.url}/cameras/${stream}`);
  const whep = page.getByRole('group').and(page.locator('[data-address="whep"] *'));
  await whep.first().waitFor();
  assert.match(await whep.first().textContent(), new RegExp(`^\\s*${proxy.url}/whep/${stream}`));
});

test('nothing was asked for outside of the path, and the content security policy held', async () => {
  const outside = requested.filter((url) => !url.startsWith(`${proxy.url}/`) && !/^(blob|data):/.test(url));
  assert.deepEqual(outside, []);
  assert.ok(requested.length > 20, `${requested.length} requests`);
  // What the page does not tell of, such as its icon, nginx does.
  const asked = await proxy.asked();
  assert.deepEqual(asked.filter((line) => !line.split(' ')[1].startsWith(`${prefix}/`)), []);
  // A session whose page was left may have ended before its DELETE has come.
  assert.deepEqual(asked.filter((line) => /\s5\d\d$|\s404$/.test(line) && !line.startsWith('DELETE ')), []);
  assert.deepEqual(complaints, []);
});
