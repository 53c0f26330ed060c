import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seriousFindings, settled } from './support/axe.mjs';
import { launchChromium, newPage, screenshot, signIn, waitForState } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;
let page;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  await server.addCamera('Yard', 'rtsp://viewer:old%20secret@127.0.0.1:9/live?channel=1');
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser, { colorScheme: 'light' });
  await signIn(page, server.url);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const button = (name) => page.getByRole('button', { name, exact: true });
const open = (path) => page.goto(server.url + path);
const pick = (kind) => page.locator('label').filter({ has: page.getByRole('radio') }).filter({ hasText: kind }).click();
const username = () => page.getByLabel(/^User name/);
const row = (name) => page.getByRole('row').filter({ hasText: name });
const toast = (text) => page.getByText(text, { exact: true }).waitFor();

/** Wide and narrow, light and dark: a picture of each, nothing wider than the screen, nothing serious found. */
async function looks(name) {
  for (const [size, viewport] of [['wide', { width: 1280, height: 800 }], ['360', { width: 360, height: 740 }]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await screenshot(page, `${name}-${size}-${colorScheme}`);
      assert.deepEqual(await seriousFindings(page), [], `${name} ${size} ${colorScheme}`);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is wider than ${size}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

test('the wizard adds a test picture, which is live a moment later', async () => {
  await open('/cameras');
  await page.getByRole('link', { name: 'Add a camera' }).click();
  await pick('Test picture');
  await page.getByLabel('Name', { exact: true }).fill('Colour bars');
  await button('Add camera').click();
  await page.getByRole('heading', { name: '“Colour bars” was added' }).waitFor();
  await page.getByRole('link', { name: 'To the live view' }).click();
  await waitForState(page, 'colour-bars', 'live');
});

test('the wizard adds a phone and shows the code to scan', async () => {
  await open('/cameras/new');
  await pick('Phone or computer');
  await button('Add camera').click();
  await page.getByText('Give the camera a name.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Old phone');
  await button('Add camera').click();
  await page.getByRole('img', { name: 'QR code: Link for the phone' }).waitFor();
  await button('Show: Link for the phone').click();
  const link = await page.getByRole('group', { name: 'Link for the phone' }).textContent();
  assert.match(link.trim(), /\/phone#stream=old-phone&key=\S{20,}$/);
  await looks('camera-phone');
});

test('the wizard is wide, narrow, light and dark', async () => {
  await open('/cameras/new');
  await pick('Network camera');
  await page.getByLabel('Make').selectOption('Hikvision');
  await page.getByLabel('Address').fill('10.0.0.7/my live');
  await button('Add camera').click();
  await page.getByText('An address has no spaces').waitFor();
  await page.getByLabel('Address').fill('admin:copper-thistle-31@10.0.0.7/live');
  await page.getByLabel('Name', { exact: true }).fill('Gate');
  assert.equal(await page.getByLabel('Address').inputValue(), 'rtsp://10.0.0.7/live');
  assert.equal(await username().inputValue(), 'admin');
  await looks('camera-new');
});

test('the list shows every camera and finds one by its name', async () => {
  await open('/cameras');
  await row('Old phone').waitFor();
  await row('Colour bars').locator('[data-camera-state]').waitFor();
  await looks('cameras');
  await page.getByRole('searchbox').fill('yar');
  await row('Old phone').waitFor({ state: 'detached' });
  await row('Yard').waitFor();
  await page.getByRole('searchbox').fill('nothing like it');
  await button('Show all cameras').click();
  await row('Old phone').waitFor();
});

test('a camera is changed without its password ever being shown', async () => {
  await open('/cameras');
  await row('Yard').getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Yard' }).waitFor();
  assert.equal(await page.getByLabel('Address').inputValue(), 'rtsp://127.0.0.1:9/live?channel=***');
  assert.doesNotMatch(await page.content(), /old.{0,3}secret/);
  await page.getByLabel('Name', { exact: true }).fill('Back yard');
  await page.getByLabel('Place').fill('Behind the house');
  await page.getByRole('switch', { name: 'Public' }).click();
  await page.getByText('Everybody who has the address').waitFor();
  await button('Save').click();
  await toast('Saved.');
  const kept = JSON.parse(await server.command('camera', 'show', 'yard', '--json'));
  assert.match(JSON.stringify(kept), /Back yard/);
  await page.reload();
  assert.equal(await page.getByLabel('Place').inputValue(), 'Behind the house');
  await looks('camera-edit');
});

test('a new address asks for the password again', async () => {
  await page.getByLabel('Address').fill('rtsp://127.0.0.1:9/other');
  await button('Save').click();
  await page.getByText('Write user name and password again.').waitFor();
  await username().fill('viewer');
  await page.getByLabel(/^Password/).fill('new secret');
  await button('Save').click();
  await toast('Saved.');
  assert.equal(await page.getByLabel('Address').inputValue(), 'rtsp://127.0.0.1:9/other');
  assert.equal(await page.getByLabel(/^Password/).inputValue(), '');
});

test('addresses are there to copy and to scan', async () => {
  const whep = page.locator('[data-address="whep"]');
  await whep.waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await whep.getByRole('button', { name: /^Copy/ }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^http:\/\/127\.0\.0\.1:\d+\/whep\/yard/);
  await whep.getByRole('button', { name: /^Show as QR code/ }).click();
  await page.getByRole('dialog').getByRole('img', { name: /^QR code/ }).waitFor();
  await page.keyboard.press('Escape');
});

test('a camera that was switched off says so, and one that is removed is gone', async () => {
  await page.getByRole('switch', { name: 'Switched on' }).click();
  await button('Save').click();
  await page.locator('[data-camera-state="inactive"]').waitFor();
  await button('Remove this camera').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await button('Remove this camera').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove camera' }).click();
  await toast('“Back yard” was removed.');
  await row('Old phone').waitFor();
  await row('Back yard').waitFor({ state: 'detached' });
  await open('/cameras/back-yard');
  await page.getByText('This camera could not be loaded').waitFor();
});
