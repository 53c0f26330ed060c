import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { seriousFindings } from './support/axe.mjs';
import { framesOf, launchChromium, newPage, screenshot, signIn, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { RtspCamera } from './support/rtsp_camera.mjs';
import { Server } from './support/server.mjs';

const secret = 'p@ss word/1';

let camera;
let server;
let browser;
let page;

before(async () => {
  camera = await RtspCamera.start('viewer', secret);
  server = await Server.create();
  await server.addUser('ada');
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser, { viewport: { width: 1280, height: 1000 } });
  await signIn(page, server.url);
  await page.goto(`${server.url}/cameras/new?kind=rtsp`);
  await page.getByLabel('Name', { exact: true }).fill('Gate');
});
after(async () => {
  await browser?.close();
  await server?.close();
  await camera?.close();
});

async function tryIt(address, username, password) {
  await page.getByLabel('Address').fill(address);
  await page.getByLabel(/^User name/).fill(username);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole('button', { name: /^Test (this camera|again)$/ }).click();
  const found = page.locator('[data-code]');
  await found.waitFor();
  return found.getAttribute('data-code');
}

test('a dead address is said to be dead', async () => {
  // A port that was free a moment ago.
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address();
  closed.close();
  assert.equal(await tryIt(`rtsp://127.0.0.1:${port}/live`, '', ''), 'no_answer');
  await page.getByText('Nobody answers at this address').waitFor();
  await screenshot(page, 'wizard-no-answer');
  assert.deepEqual(await seriousFindings(page), []);
});

test('a wrong password and a wrong path are told apart', async () => {
  assert.equal(await tryIt(camera.address, 'viewer', 'copper-thistle-31'), 'password_refused');
  assert.equal(await tryIt(camera.address.replace('/live', '/nothing'), 'viewer', secret), 'not_found');
});

test('the right password shows the picture', async () => {
  assert.equal(await tryIt(camera.address, 'viewer', secret), 'ok');
  const picture = page.getByRole('img', { name: 'Picture from the camera' });
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 640);
  await page.getByText(/H\.?264, 640 × 360/).waitFor();
  await screenshot(page, 'wizard-ok');
  assert.deepEqual(await seriousFindings(page), []);
});

test('the camera that was tested is added and watched', async () => {
  await page.getByRole('button', { name: 'Add camera' }).click();
  await page.getByRole('link', { name: 'To the live view' }).click();
  await waitForState(page, 'gate', 'live');
  const frames = await framesOf(page, 'gate', 30);
  assert.ok(frames.slice(1).some((frame, at) => difference(frame.grid, frames[at].grid) > 0), 'the picture stands still');
});

test('the page of the camera tests it with the password that it never shows', async () => {
  await page.goto(`${server.url}/cameras/gate`);
  await page.getByRole('button', { name: 'Test this camera' }).click();
  await page.locator('[data-code="ok"]').waitFor();
  assert.doesNotMatch(await page.content(), /p@ss|p%40ss/);
  assert.doesNotMatch(server.log, /p@ss|p%40ss/);
});
