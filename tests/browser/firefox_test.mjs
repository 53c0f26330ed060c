import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, newPage, signIn } from './support/chromium.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { difference, watchFrames } from './support/media.mjs';
import { password, Server } from './support/server.mjs';

let server;
let chromium;
let firefox;
let stream;

before(async () => {
  // Firefox takes no part in ICE on the loopback: media goes by the machine's own addresses.
  server = await Server.create({ 'webrtc.listen': ':0' });
  await server.addUser('ada');
  ({ stream } = await server.addCamera('Phone', 'publish'));
  await server.start();
  chromium = await launchChromium();
  firefox = await launchFirefox();
});
after(async () => {
  await firefox?.close();
  await chromium?.close();
  await server?.close();
});

test('Firefox watches what Chromium publishes in VP8', async () => {
  const publisher = await newPage(chromium);
  await signIn(publisher, server.url);
  await publisher.goto(`${server.url}/publish/${stream}`);
  await publisher.getByRole('button', { name: 'Camera settings' }).click();
  await publisher.getByLabel('Video codec').selectOption('VP8');
  await publisher.keyboard.press('Escape');
  await publisher.getByRole('button', { name: 'Start the camera' }).click();
  await publisher.locator('[data-state="live"]').waitFor();

  const page = await firefox.newPage();
  page.on('pageerror', (error) => console.log(`# page error: ${error.message}`));
  await page.goto(`${server.url}/watch/${stream}`);
  await page.locator('input[name=username]').fill('ada');
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.waitForSelector('[data-state="live"]', { timeout: 20_000 });

  const frames = await page.evaluate(watchFrames, { selector: 'article video', frames: 60 });
  const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
  assert.ok(moved.length > 20, `only ${moved.length} of 59 frames differ from the one before`);
  await page.locator('button[aria-label^="Statistics"]').click();
  await page.waitForFunction(
    () => document.querySelector('[data-figure="codec"]')?.textContent === 'VP8 + opus',
    { timeout: 10_000 },
  );
});
