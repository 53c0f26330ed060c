import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { framesOf, launchChromium, newPage, signIn, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { password, Server } from './support/server.mjs';

// The server's own HTTPS address in a browser that trusts /ca.crt, as a phone does after its owner installed it:
// nothing of the browser's checks is switched off.

const run = promisify(execFile);
const store = join(homedir(), '.pki', 'nssdb'); // Chromium's on Linux; the test has a home of its own

let server;
let browser;
let page;
let picture;
let phone;

before(async () => {
  server = await Server.create({ 'https.listen': '127.0.0.1:0' });
  await server.addUser('ada');
  picture = await server.addCamera('Front door', 'test');
  phone = await server.addCamera('Old phone', 'publish');
  await server.start();
  await mkdir(store, { recursive: true });
  await run('certutil', ['-N', '--empty-password', '-d', `sql:${store}`]);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function moves(stream) {
  const frames = await framesOf(page, stream, 40);
  const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
  assert.ok(moved.length > 13, `only ${moved.length} of 39 frames differ from the one before`);
}

test('a browser that does not know the authority refuses the address', async () => {
  browser = await launchChromium();
  const stranger = await newPage(browser);
  await assert.rejects(stranger.goto(server.secureUrl), /ERR_CERT_AUTHORITY_INVALID/);
  await browser.close();
});

test('with /ca.crt trusted one signs in, and the picture of the grid moves', async () => {
  const answer = await fetch(`${server.url}/ca.crt`);
  assert.equal(answer.status, 200);
  const certificate = join(store, 'ca.crt');
  await writeFile(certificate, await answer.text());
  await run('certutil', ['-A', '-n', 'reallive', '-t', 'C,,', '-d', `sql:${store}`, '-i', certificate]);
  browser = await launchChromium();
  page = await newPage(browser);
  const feed = page.waitForResponse((response) => response.url().startsWith(`${server.secureUrl}/api/v1/events`));
  await signIn(page, server.secureUrl);
  assert.equal((await feed).status(), 200);
  assert.equal(await page.evaluate(() => window.isSecureContext), true);
  await waitForState(page, picture.stream, 'live');
  await moves(picture.stream);
});

test('the session’s cookie is for TLS alone, and lasts over a reload', async () => {
  const [cookie] = await page.context().cookies(`${server.secureUrl}/api/v1/auth/refresh`);
  assert.deepEqual([cookie.name, cookie.secure, cookie.httpOnly], ['reallive_refresh', true, true]);
  await page.reload();
  await waitForState(page, picture.stream, 'live');
});

test('a phone that follows the camera’s link by HTTPS is seen on the other page', async () => {
  await page.goto(`${server.secureUrl}/cameras/${phone.stream}`);
  await page.getByRole('button', { name: 'Show: Link for the phone' }).click();
  const link = (await page.getByRole('group', { name: 'Link for the phone' }).textContent()).trim();
  assert.ok(link.startsWith(`${server.secureUrl}/phone#stream=${phone.stream}&key=`), link.replace(/key=.*/, ''));
  await page.goto(server.secureUrl);
  await waitForState(page, phone.stream, 'offline');

  const held = await newPage(browser, { viewport: { width: 360, height: 740 } });
  const offer = held.waitForResponse((response) => response.url() === `${server.secureUrl}/whip/${phone.stream}`);
  await held.goto(link);
  await held.getByRole('button', { name: 'Start the camera' }).click();
  await held.locator('[data-phone] [data-state="live"]').waitFor();
  assert.equal((await offer).status(), 201);
  await waitForState(page, phone.stream, 'live');
  await moves(phone.stream);
  await held.context().close();
  await waitForState(page, phone.stream, 'offline', 40_000);
});

test('events tell what happens elsewhere', async () => {
  await page.goto(`${server.secureUrl}/cameras`);
  const row = (name) => page.getByRole('row').filter({ hasText: name });
  await row('Front door').waitFor();
  // The page's clock stands still from here on, so that the list is not read again because it is time.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  const answer = await fetch(`${server.url}/api/v1/cameras`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`ada:${password}`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Back yard', source: { url: 'test' } }),
  });
  assert.equal(answer.status, 201);
  await row('Back yard').waitFor();
});
