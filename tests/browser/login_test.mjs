import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fromAccountMenu, launchChromium, newPage, screenshot, signIn } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  await server.start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test('the page runs under the server’s content security policy', async () => {
  const page = await newPage(browser);
  const violations = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) violations.push(message.text());
  });
  const answer = await page.goto(server.url);
  const policy = answer.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src|script-src/);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await signIn(page, server.url);
  assert.deepEqual(violations, []);
  await page.context().close();
});

test('a wrong password is said to be wrong', async () => {
  const page = await newPage(browser);
  await page.goto(server.url);
  await page.getByLabel('User name').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  assert.equal(await page.getByRole('alert').textContent(), 'User name or password is wrong.');
  await page.context().close();
});

test('the right one leads on, lasts over a reload, and signing out ends it', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url, { path: '/watch/somewhere' });
  assert.equal(new URL(page.url()).pathname, '/watch/somewhere');
  await page.reload();
  await fromAccountMenu(page, 'Sign out');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.context().close();
});

test('a token that is no longer good leads to login', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url);
  await page.evaluate(() => {
    const kept = JSON.parse(sessionStorage.getItem('reallive.session'));
    sessionStorage.setItem('reallive.session', JSON.stringify({ ...kept, token: `${kept.token}x` }));
  });
  await page.reload();
  await page.getByText('Your session has ended').waitFor();
  await page.context().close();
});

test('it fits a phone of 360 px', async () => {
  const page = await newPage(browser, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await signIn(page, server.url);
  await page.getByText('No cameras yet').waitFor();
  await screenshot(page, 'no-cameras-360');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await page.context().close();
});
