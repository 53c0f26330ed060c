import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { seriousFindings } from './support/axe.mjs';
import { fromAccountMenu, framesOf, launchChromium, newPage, screenshot, signIn, tile, waitForState } from './support/chromium.mjs';
import { difference, loudestTone, watchRegion } from './support/media.mjs';
import { eventually, Server } from './support/server.mjs';

// The test picture as media/ makes it: where the seconds of its clock stand (fractions of the picture), its tone.
const seconds = { x: 0.68, y: 0.44, width: 0.06, height: 0.085 };
const toneHertz = 440;

let server;
let browser;
let page;
let camera;
let stream;
let selector;
let token;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  camera = await server.addCamera('Test picture', 'test');
  ({ stream } = camera);
  selector = `article[data-stream="${stream}"] video`;
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser);
  await signIn(page, server.url);
  await waitForState(page, stream, 'live');
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test('the picture moves', async () => {
  const frames = await framesOf(page, stream, 60);
  assert.ok(frames[0].width >= 640 && frames[0].height >= 360, `${frames[0].width} × ${frames[0].height}`);
  const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
  assert.ok(moved.length > 40, `only ${moved.length} of 59 frames differ from the one before`);
  // How many of them a busy machine draws is its own affair; the stream's frames are a thirtieth of a second apart.
  const apart = Math.min(...frames.slice(1).map((frame, at) => (frame.rtp - frames[at].rtp) >>> 0));
  assert.ok(Math.abs(apart - 3000) < 200, `${apart} / 90000 s between frames`);
  const perSecond = (59 * 1000) / (frames[59].at - frames[0].at);
  assert.ok(perSecond > 8, `only ${perSecond.toFixed(1)} frames a second`);
});

test('its clock advances, once a second', async () => {
  const changes = await page.evaluate(watchRegion, { selector, ...seconds, forMs: 5000, threshold: 200 });
  const at = changes.filter(({ changed }) => changed > 0.002).map((change) => change.at);
  // Frames that follow a change while the encoder sharpens it belong to that change.
  const ticks = at.filter((time, index) => index === 0 || time - at[index - 1] > 300);
  assert.ok(ticks.length === 5 || ticks.length === 4 || ticks.length === 6, `ticks at ${ticks.map(Math.round)}`);
  for (const [index, time] of ticks.slice(1).entries()) {
    assert.ok(Math.abs(time - ticks[index] - 1000) < 200, `ticks at ${ticks.map(Math.round)}`);
  }
});

test('the tone is heard after a click, and not before', async () => {
  const muted = () => page.evaluate((video) => document.querySelector(video).muted, selector);
  assert.equal(await muted(), true);
  await tile(page, stream).getByRole('button', { name: 'Turn on the sound' }).click();
  assert.equal(await muted(), false);
  const tone = await page.evaluate(loudestTone, { selector });
  assert.ok(Math.abs(tone.frequency - toneHertz) < 5, `heard ${tone.frequency} Hz at ${tone.level} dB`);
  await tile(page, stream).getByRole('button', { name: 'Turn off the sound' }).click();
  assert.equal(await muted(), true);
});

test('the grid fills the screen as a wall, until its button or Escape leaves it', async () => {
  const leave = page.getByRole('button', { name: 'Leave full screen' });
  const wall = page.getByRole('group', { name: 'Live cameras' });
  for (const way of [() => leave.click(), () => page.keyboard.press('Escape')]) {
    await page.getByRole('button', { name: 'Fill the screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement?.getAttribute('role') === 'group');
    await leave.waitFor();
    const { width, height } = await page.evaluate(() => ({ width: window.innerWidth, height: window.innerHeight }));
    assert.deepEqual(await wall.boundingBox(), { x: 0, y: 0, width, height });
    // One camera has the whole of it, but for what its shape leaves over, and goes on playing.
    await eventually(async () => {
      const picture = await tile(page, stream).boundingBox();
      return Math.abs(picture.width - width) < 3 || Math.abs(picture.height - height) < 3;
    }, 'a picture as large as the screen');
    assert.equal((await framesOf(page, stream, 10)).length, 10);
    assert.deepEqual(await seriousFindings(page), []);
    await way();
    await page.waitForFunction(() => document.fullscreenElement === null);
    await leave.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Cameras', exact: true }).waitFor();
  }
  await waitForState(page, stream, 'live');
});

test('a tile leads to the viewer, whose statistics show what arrives', async () => {
  await tile(page, stream).getByRole('link', { name: 'Open Test picture' }).click();
  await page.getByRole('heading', { name: 'Test picture' }).waitFor();
  await waitForState(page, stream, 'live');
  await page.keyboard.press('i');
  const figure = (key) => tile(page, stream).locator(`[data-figure="${key}"]`).textContent();
  const number = async (key) => Number.parseFloat((await figure(key)).replace('< 1', '0.5'));
  const known = (key) =>
    page.waitForFunction((one) => /\d/.test(document.querySelector(`[data-figure="${one}"]`)?.textContent ?? ''), key);
  for (const key of ['latency', 'fps', 'jitterBuffer']) await known(key);
  assert.equal(await figure('codec'), 'H.264 + opus');
  assert.match(await figure('resolution'), /^\d{3,4} × \d{3,4}$/);
  assert.match(await figure('bitrate'), /^[\d.]+ [kM]bit\/s$/);
  assert.ok((await number('fps')) > 8, await figure('fps'));
  assert.ok((await number('loss')) < 5, await figure('loss'));
  assert.ok((await number('latency')) < 500, await figure('latency'));
  assert.ok((await number('jitterBuffer')) < 500, await figure('jitterBuffer'));
  assert.match(await figure('rtt'), /ms$/);
  assert.equal(await figure('transport'), 'UDP');
  assert.match(await figure('cipher'), /^AES-(128|256)-GCM$|^AES-CM-128-HMAC-SHA1-80$/);
  await screenshot(page, 'watch');
});

test('the viewer’s sound comes from its audio element', async () => {
  await tile(page, stream).getByRole('button', { name: 'Turn on the sound' }).click();
  const tone = await page.evaluate(loudestTone, { selector: 'audio' });
  assert.ok(Math.abs(tone.frequency - toneHertz) < 5, `heard ${tone.frequency} Hz at ${tone.level} dB`);
  assert.deepEqual(
    await page.evaluate(() => {
      const { muted, paused } = document.querySelector('audio');
      return { muted, paused, video: document.querySelector('video').muted };
    }),
    { muted: false, paused: false, video: true },
  );
  await page.keyboard.press('m');
  assert.equal(await page.evaluate(() => document.querySelector('audio').paused), true);
});

test('a picture can be saved, in its full size', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
  assert.match(download.suggestedFilename(), new RegExp(`^${stream}-\\d{8}-\\d{6}\\.png$`));
  const png = await readFile(await download.path());
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  const size = await page.evaluate((video) => [document.querySelector(video).videoWidth, document.querySelector(video).videoHeight], selector);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], size);
});

test('full screen fills it, and Escape leaves it', async () => {
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement?.tagName === 'ARTICLE');
  await page.getByRole('button', { name: 'Leave full screen' }).click();
  await page.waitForFunction(() => document.fullscreenElement === null);
});

test('full width on a phone of 360 px, in the dark', async () => {
  const phone = await newPage(browser, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await signIn(phone, server.url, { path: `/watch/${stream}` });
  await waitForState(phone, stream, 'live');
  await framesOf(phone, stream, 5);
  await tile(phone, stream).getByRole('button', { name: 'Statistics' }).click();
  await screenshot(phone, 'watch-360');
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await phone.context().close();
});

async function viewers() {
  token ??= await server.token();
  const answer = await fetch(`${server.url}/api/v1/cameras/${camera.id}/status`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return (await answer.json()).viewerCount;
}

test('closing a tab ends its viewing at the server', async () => {
  await eventually(async () => (await viewers()) === 1, 'nobody else watches', 40_000);
  const other = await newPage(browser);
  await signIn(other, server.url, { path: `/watch/${stream}` });
  await waitForState(other, stream, 'live');
  assert.equal(await viewers(), 2);
  await other.close({ runBeforeUnload: true });
  await eventually(async () => (await viewers()) === 1, 'the closed tab watches no more', 5000);
  await other.context().close();
});

test('signing out ends the viewing at the server', async () => {
  assert.equal(await viewers(), 1);
  await fromAccountMenu(page, 'Sign out');
  await eventually(async () => (await viewers()) === 0, 'the viewer is gone');
});
