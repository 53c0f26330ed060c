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

async function signInAsGuest(name, secret) {
  await guest.getByLabel('User name').fill(name);
  await guest.getByLabel('Password', { exact: true }).fill(secret);
  await guest.getByRole('button', { name: 'Sign in' }).click();
}
const putOut = () => guest.getByText('Your session has ended. Please sign in again.').waitFor();
const refused = () => guest.getByText('User name or password is wrong.').waitFor();

test('a password that an admin sets puts the open page out, and is the only one from then on', async () => {
  await choose('bob', 'Enable');
  await row('bob').getByText('Active').waitFor();
  await guest.goto(server.url);
  await signInAsGuest('bob', words);
  await guest.getByText('No cameras yet').waitFor();

  await choose('bob', 'Set a new password');
  const dialog = page.getByRole('dialog', { name: 'New password for bob' });
  const secret = dialog.getByLabel('New password', { exact: true });
  await secret.fill('bob-1234567890');
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await page.waitForFunction(() => document.querySelector('dialog[open] input')?.getAttribute('aria-invalid') === 'true');
  await guest.getByText('No cameras yet').waitFor();
  await secret.fill('nine-blue-kettles-7');
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('bob has a new password.').waitFor();

  await putOut();
  await screenshot(guest, 'put-out');
  await signInAsGuest('bob', words);
  await refused();
  await signInAsGuest('bob', 'nine-blue-kettles-7');
  await guest.locator('[data-signed-in]').waitFor();
});

test('a user who is removed is out at once and does not come back', async () => {
  // On a page that shows no cameras, too.
  await guest.getByRole('link', { name: 'Settings' }).click();
  await guest.getByRole('heading', { name: 'For me' }).waitFor();
  await choose('bob', 'Remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await choose('bob', 'Remove');
  await page.getByRole('dialog', { name: 'Remove bob?' }).getByRole('button', { name: 'Remove account' }).click();
  await page.getByText('bob was removed.').waitFor();
  await row('bob').waitFor({ state: 'detached' });
  await putOut();
  await signInAsGuest('bob', 'nine-blue-kettles-7');
  await refused();
  await page.reload();
  await row('ada').waitFor();
  assert.equal(await row('bob').count(), 0);
});
