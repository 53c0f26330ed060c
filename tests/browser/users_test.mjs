import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seriousFindings, settled } from './support/axe.mjs';
import { launchChromium, newPage, screenshot, signIn } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

const words = 'three-odd-herons-42';

let server;
let browser;
let page;
let guest;

before(async () => {
  server = await Server.create({ 'auth.registration': 'invite' });
  await server.addUser('ada');
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser);
  await signIn(page, server.url);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const row = (name) => page.getByRole('row').filter({ has: page.locator(`[data-user="${name}"]`) });
async function choose(name, item) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

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

test('somebody who is invited makes an account by the link', async () => {
  await page.goto(`${server.url}/users`);
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await page.getByRole('radio', { name: /^Operator/ }).check();
  await page.getByRole('button', { name: 'Make the link' }).click();
  await page.getByRole('img', { name: /^QR code/ }).waitFor();
  const link = (await page.getByRole('group', { name: 'Invitation link' }).textContent()).trim();
  await looks('invite');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('[data-invitation]').waitFor();

  guest = await newPage(browser);
  await guest.goto(server.url + new URL(link).pathname + new URL(link).hash);
  await guest.getByLabel('User name').fill('bob');
  for (const field of await guest.locator('input[type=password]').all()) await field.fill(words);
  await guest.locator('button[type=submit]').click();
  await guest.locator('[data-signed-in]').waitFor();

  await page.reload();
  await row('bob').getByText('Operator').waitFor();
  await looks('users');
});

test('a role is changed, and an account that is disabled is out at once', async () => {
  await choose('bob', 'Change role');
  await page.getByRole('radio', { name: /^Viewer/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Change role' }).click();
  await row('bob').getByText('Viewer').waitFor();
  await choose('bob', 'Disable');
  await page.getByRole('button', { name: 'Disable account' }).click();
  await row('bob').getByText('Disabled').waitFor();
  await guest.goto(`${server.url}/cameras`);
  await guest.getByLabel('User name').waitFor();
});
