import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seriousFindings } from './support/axe.mjs';
import { framesOf, launchChromium, newPage, screenshot, signIn, tile, waitForState } from './support/chromium.mjs';
import { difference } from './support/media.mjs';
import { eventually, password, Server } from './support/server.mjs';

const upright = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' };

let server;
let browser;
let stream;
let link;
let phone;
let viewer;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  const camera = await server.addCamera('Phone', 'publish');
  ({ stream } = camera);
  await server.start();
  link = `${server.url}/phone#stream=${stream}&key=${camera.streamKey}`;
  browser = await launchChromium({
    more: ['--use-fake-device-for-media-stream=device-count=3', '--host-resolver-rules=MAP plain.test 127.0.0.1'],
  });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const button = (name) => phone.getByRole('button', { name });
const waitForPhone = (state) => phone.locator(`[data-phone] [data-state="${state}"]`).waitFor();
const noFindings = async (on = phone) => assert.deepEqual(await seriousFindings(on), []);
const publications = () => phone.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /\/whip\/[^/]+$/.test(name)).length);

async function moving(frames = 40) {
  const seen = await framesOf(viewer, stream, frames);
  const moved = seen.slice(1).filter((frame, at) => difference(frame.grid, seen[at].grid) > 0);
  assert.ok(moved.length > frames / 3, `only ${moved.length} of ${frames - 1} frames differ from the one before`);
}

test('a stream that nobody publishes is offline, and the page says so', async () => {
  viewer = await newPage(browser);
  await signIn(viewer, server.url);
  await waitForState(viewer, stream, 'offline');
  assert.notEqual(await tile(viewer, stream).locator('[data-hint]').textContent(), '');
});

test('a phone with the link alone becomes the camera that another page watches', async () => {
  phone = await newPage(browser, upright);
  await phone.goto(link);
  await button('Start the camera').waitFor();
  await screenshot(phone, 'phone-start-360');
  await noFindings();
  await button('Start the camera').click();
  await waitForPhone('live');
  await waitForState(viewer, stream, 'live');
  await moving();
  await phone.locator('[data-line]', { hasText: 'bit/s' }).waitFor();
  await screenshot(phone, 'phone-live-360');
  await noFindings();
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
});

test('switching cameras and turning the microphone off and on go on in the same session', async () => {
  const before = await publications();
  const label = () => phone.evaluate(() => document.querySelector('[data-phone] video').srcObject.getVideoTracks()[0].label);
  // Chromium's second one gives depth, which no encoder takes; the third is a camera again.
  for (const next of ['fake_device_1', 'fake_device_2']) {
    await button('Switch to the other camera').click();
    await eventually(async () => (await label()) === next, next);
  }
  await button('Turn the microphone off').click();
  await button('Turn the microphone on').click();
  await button('Turn the microphone off').waitFor();
  await moving(20);
  await waitForPhone('live');
  assert.equal(await publications(), before);
});

test('the resolution that is chosen is what viewers get', async () => {
  await button('Camera settings').click();
  await phone.getByLabel('Resolution').selectOption('480p');
  await screenshot(phone, 'phone-settings-360');
  await noFindings();
  await phone.keyboard.press('Escape');
  await phone.locator('[data-line]', { hasText: /× 480/ }).waitFor();
  await eventually(async () => (await framesOf(viewer, stream, 1))[0].height <= 480, 'smaller pictures');
});

test('a second device is told that there is one already', async () => {
  const second = await newPage(browser, upright);
  await second.goto(link);
  await second.getByRole('button', { name: 'Start the camera' }).click();
  await second.locator('[data-notice="taken"]').waitFor();
  await screenshot(second, 'phone-taken-360');
  await noFindings(second);
  await second.context().close();
});

test('a wrong key is said to be wrong', async () => {
  const stranger = await newPage(browser, upright);
  await stranger.goto(`${server.url}/phone#stream=${stream}&key=${'x'.repeat(43)}`);
  await stranger.getByRole('button', { name: 'Start the camera' }).click();
  await stranger.locator('[data-notice="key"]').waitFor();
  await stranger.context().close();
});

test('viewers learn that the camera was stopped, and see it when it begins again', async () => {
  await button('Stop the camera').click();
  await waitForState(viewer, stream, 'offline');
  await button('Start the camera').click();
  await waitForState(viewer, stream, 'live');
  await moving(20);
});

test('phone and viewer come back by themselves after the server was killed and started again', async () => {
  await server.kill();
  await waitForState(viewer, stream, 'reconnecting');
  await waitForPhone('reconnecting');
  await server.start();
  await waitForPhone('live');
  await waitForState(viewer, stream, 'live');
  await moving(20);
});

test('a phone that was reloaded in the middle goes on by itself', async () => {
  await phone.reload();
  await waitForPhone('live');
  await waitForState(viewer, stream, 'live');
  await moving(20);
});

test('a camera that is switched off is told to the phone', async () => {
  const asOwner = async (method, path, body) => {
    const answer = await fetch(`${server.url}/api/v1/cameras/${stream}${path}`, {
      method,
      headers: { Authorization: `Basic ${btoa(`ada:${password}`)}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    assert.equal(answer.status, 200, `${method} ${path}`);
    return answer.json();
  };
  await asOwner('PUT', '', { isActive: false });
  await phone.locator('[data-notice="inactive"]').waitFor();
  await asOwner('PUT', '', { isActive: true });
  await phone.getByRole('button', { name: 'Try again' }).click();
  await waitForPhone('live');
});

test('a new key puts the publisher out in clear words; the old link is dead, the new one works', async () => {
  const owner = await viewer.context().newPage();
  await owner.goto(`${server.url}/cameras/${stream}`);
  const shownLink = async () => (await owner.getByRole('group', { name: 'Link for the phone' }).textContent()).trim();
  await owner.getByRole('button', { name: 'Show: Link for the phone' }).click();
  const old = await shownLink();
  assert.equal(new URL(old).hash, new URL(link).hash);
  await owner.getByRole('button', { name: 'New stream key' }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Make a new key' }).click();
  await owner.getByText('The camera has a new key.').waitFor();

  const notice = phone.locator('[data-notice="key"]');
  await notice.getByText('This link is no longer good').waitFor();
  await notice.getByText('scan its QR code again').waitFor();
  await screenshot(phone, 'phone-new-key-360');
  await noFindings();
  await viewer.bringToFront();
  await waitForState(viewer, stream, 'offline');
  await notice.getByRole('button', { name: 'Try again' }).click();
  await notice.waitFor();
  const late = await newPage(browser, upright);
  await late.goto(link);
  await late.getByRole('button', { name: 'Start the camera' }).click();
  await late.locator('[data-notice="key"]').waitFor();
  await late.context().close();

  // In the same tab, too, where only what follows the # is another.
  const renewed = await shownLink();
  assert.notEqual(renewed, old);
  link = server.url + new URL(renewed).pathname + new URL(renewed).hash;
  await phone.goto(link);
  await phone.getByRole('button', { name: 'Start the camera' }).click();
  await waitForPhone('live');
  await waitForState(viewer, stream, 'live');
  await moving(20);
  await owner.close();
});

test('turned on its side, everything is still within reach', async () => {
  await phone.setViewportSize({ width: 740, height: 360 });
  await screenshot(phone, 'phone-live-landscape');
  await noFindings();
  for (const name of ['Stop the camera', 'Switch to the other camera', 'Camera settings', 'Turn the microphone off']) {
    const box = await button(name).boundingBox();
    assert.ok(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 740 && box.y + box.height <= 360, `${name}: ${JSON.stringify(box)}`);
  }
  await button('Stop the camera').click();
  await waitForPhone('idle');
});

test('a page that did not come by HTTPS leads to the secure address', async () => {
  const plain = await newPage(browser, upright);
  await plain.goto(link.replace('127.0.0.1', 'plain.test'));
  await plain.locator('[data-notice="insecure"]').waitFor();
  const href = await plain.getByRole('link', { name: 'Open this page by HTTPS' }).getAttribute('href');
  assert.match(href, new RegExp(`^https://plain\\.test:8443/phone#stream=${stream}&key=`));
  await screenshot(plain, 'phone-insecure-360');
  await noFindings(plain);
  await plain.context().close();
});

test('a camera that is refused is explained', async () => {
  const strict = await launchChromium({ more: ['--deny-permission-prompts'], without: ['--use-fake-ui-for-media-stream'] });
  try {
    const page = await newPage(strict, upright);
    await page.goto(link);
    await page.getByRole('button', { name: 'Start the camera' }).click();
    await page.locator('[data-notice="refused"]').waitFor();
    await screenshot(page, 'phone-refused-360');
    await noFindings(page);
  } finally {
    await strict.close();
  }
});
