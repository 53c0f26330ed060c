import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { framesOf, launchChromium, newPage, signIn, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;
let stream;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test('a page comes back by itself after the server was killed and started again', async () => {
  const camera = await server.addCamera('Test picture', 'test');
  ({ stream } = camera);
  await server.start();
  const page = await newPage(browser);
  await signIn(page, server.url);
  await waitForState(page, camera.stream, 'live');

  await server.kill();
  await waitForState(page, camera.stream, 'reconnecting');
  await page.getByText('The server cannot be reached').first().waitFor();

  await server.start();
  await waitForState(page, camera.stream, 'live');
  assert.equal((await framesOf(page, camera.stream, 30)).length, 30);
  await page.locator('[data-problem]').waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/');

  // Accounts and cameras are there, too, for somebody who comes anew.
  const fresh = await newPage(browser);
  await signIn(fresh, server.url);
  await waitForState(fresh, camera.stream, 'live');
  const answer = await fetch(`${server.url}/api/v1/cameras`, { headers: { Authorization: `Bearer ${await server.token()}` } });
  const kept = (await answer.json()).items.map(({ id, stream }) => ({ id, stream }));
  assert.deepEqual(kept, [{ id: camera.id, stream: camera.stream }]);
});

test('lost and again: each time the banner comes and goes, and pictures move, signed in all the while', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const live = await context.newPage();
  const list = await context.newPage();
  const shown = { live: [], list: [] };
  for (const [name, page] of Object.entries({ live, list })) {
    page.on('framenavigated', () => shown[name].push(new URL(page.url()).pathname));
  }
  await signIn(live, server.url);
  await waitForState(live, stream, 'live');
  await list.goto(`${server.url}/cameras`);
  await list.locator('[data-camera-state]').first().waitFor();
  shown.live.length = shown.list.length = 0;

  for (const round of ['first', 'second']) {
    await server.kill();
    for (const page of [live, list]) await page.locator('[data-problem]', { hasText: 'The server cannot be reached' }).waitFor();
    await waitForState(live, stream, 'reconnecting');
    await server.start();
    for (const page of [live, list]) await page.locator('[data-problem]').waitFor({ state: 'detached' });
    await list.locator('[data-camera-state="online"]').waitFor();
    await waitForState(live, stream, 'live');
    await live.bringToFront();
    const frames = await framesOf(live, stream, 30);
    const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
    assert.ok(moved.length > 10, `${round}: only ${moved.length} of 29 frames differ from the one before`);
  }
  // Nobody was led to the login, and who comes back later need not sign in either.
  assert.deepEqual(shown, { live: [], list: [] });
  for (const page of [live, list]) {
    await page.reload();
    await page.locator('[data-signed-in]').waitFor();
  }
  await waitForState(live, stream, 'live');
  await context.close();
});

test('the viewer makes room for the banner instead of being pushed out of the window', async () => {
  const page = await newPage(browser, { colorScheme: 'light' });
  await signIn(page, server.url, { path: `/watch/${stream}` });
  await waitForState(page, stream, 'live');
  const isWhole = () =>
    page.waitForFunction(() => {
      const { top, bottom, height } = document.querySelector('article').getBoundingClientRect();
      const above = document.querySelector('[data-problem]')?.getBoundingClientRect().height ?? 0;
      return height > 200 && Math.abs(top - above) < 1 && bottom <= innerHeight && document.documentElement.scrollHeight <= innerHeight;
    });
  await isWhole();
  await server.kill();
  await page.locator('[data-problem]').waitFor();
  await isWhole();
  await server.start();
  await page.locator('[data-problem]').waitFor({ state: 'detached' });
  await waitForState(page, stream, 'live');
  await page.context().close();
});

test('SIGTERM ends it cleanly in under 3 s with a page watching', async () => {
  const began = performance.now();
  assert.equal(await server.stop(), 0);
  const took = performance.now() - began;
  assert.ok(took < 3000, `took ${Math.round(took)} ms`);
});
