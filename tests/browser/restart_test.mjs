import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { framesOf, launchChromium, newPage, signIn, waitForState } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;

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

test('SIGTERM ends it cleanly in under 3 s with a page watching', async () => {
  const began = performance.now();
  assert.equal(await server.stop(), 0);
  const took = performance.now() - began;
  assert.ok(took < 3000, `took ${Math.round(took)} ms`);
});
