import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { framesOf, launchChromium, newPage, screenshot, signIn, tile, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;
let stream;
let publisher;
let viewer;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  ({ stream } = await server.addCamera('Phone', 'publish'));
  await server.start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test('a stream that nobody publishes is offline, and the page says so', async () => {
  viewer = await newPage(browser);
  await signIn(viewer, server.url);
  await waitForState(viewer, stream, 'offline');
  assert.notEqual(await tile(viewer, stream).locator('[data-hint]').textContent(), '');
});

test('Chromium publishes its camera and another page comes to show it by itself', async () => {
  publisher = await newPage(browser);
  await signIn(publisher, server.url, { path: `/publish/${stream}` });
  await publisher.getByRole('button', { name: 'Start publishing' }).click();
  await publisher.locator('[data-state="live"]').waitFor();

  await waitForState(viewer, stream, 'live');
  const frames = await framesOf(viewer, stream, 60);
  const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
  assert.ok(moved.length > 20, `only ${moved.length} of 59 frames differ from the one before`);
  await tile(viewer, stream).getByRole('button', { name: 'Statistics' }).click();
  await viewer.locator('[data-figure="codec"]', { hasText: 'H.264 + opus' }).waitFor();
  await publisher.locator('[data-figure="bitrate"]', { hasText: 'bit/s' }).waitFor();
  await screenshot(publisher, 'publish');
  await screenshot(viewer, 'published');
});

test('a second publisher of the same stream is told that there is one', async () => {
  const second = await newPage(browser);
  await signIn(second, server.url, { path: `/publish/${stream}` });
  await second.getByRole('button', { name: 'Start publishing' }).click();
  await second.locator('[data-state="refused"]').waitFor();
  await second.context().close();
});

test('the viewer learns that publishing has stopped, and sees it when it begins again', async () => {
  await publisher.getByRole('button', { name: 'Stop publishing' }).click();
  await waitForState(viewer, stream, 'offline');
  await publisher.getByRole('button', { name: 'Start publishing' }).click();
  await waitForState(viewer, stream, 'live');
  await framesOf(viewer, stream, 30);
});

test('publisher and viewer come back by themselves after the server was killed and started again', async () => {
  await server.kill();
  await waitForState(viewer, stream, 'reconnecting');
  await publisher.locator('[data-state="reconnecting"]').waitFor();
  await server.start();
  await publisher.locator('[data-state="live"]').waitFor();
  await waitForState(viewer, stream, 'live');
  await framesOf(viewer, stream, 30);
});
