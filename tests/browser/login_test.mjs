import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fromAccountMenu, launchChromium, newPage, screenshot, signIn } from './support/chromium.mjs';
import { password, Server } from './support/server.mjs';

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

const cookieOf = async (page) => (await page.context().cookies(`${server.url}/api`)).find(({ name }) => name === 'reallive_refresh');

test('the page runs under the server’s content security policy', async () => {
  const page = await newPage(browser);
  const violations = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) violations.push(message.text());
  });
  const answer = await page.goto(server.url);
  const policy = answer.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src|script-src/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe-inline|unsafe-eval/);
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

test('the right one leads on and lasts over a reload; no script can read what keeps it', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url, { path: '/watch/somewhere' });
  assert.equal(new URL(page.url()).pathname, '/watch/somewhere');
  await page.reload();
  await page.locator('[data-signed-in]').waitFor();
  const cookie = await cookieOf(page);
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  const readable = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!readable.includes(cookie.value) && !/eyJ/.test(readable), readable);
  await page.context().close();
});

test('tabs that come back at once do not end each other’s session', async () => {
  const first = await newPage(browser);
  await signIn(first, server.url);
  const tabs = [first];
  while (tabs.length < 4) {
    const tab = await first.context().newPage();
    await tab.goto(server.url);
    tabs.push(tab);
  }
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map((tab) => tab.locator('[data-signed-in]').waitFor({ timeout: 20_000 })));
  }
  await first.context().close();
});

test('signing out ends it, for good', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url);
  const cookie = await cookieOf(page);
  await fromAccountMenu(page, 'Sign out');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-signed-in]'));
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(await cookieOf(page), undefined);
  await page.context().addCookies([cookie]);
  const answer = await page.evaluate(async () => {
    const response = await fetch('/api/v1/auth/refresh', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    return response.status;
  });
  assert.equal(answer, 401);
  await page.context().close();
});

test('“keep me signed in” lasts when the browser is closed, without it only until then', async () => {
  for (const remember of [true, false]) {
    const page = await newPage(browser);
    await signIn(page, server.url, { remember });
    const cookie = await cookieOf(page);
    assert.equal(cookie.expires > 0, remember);
    await page.reload();
    await page.locator('[data-signed-in]').waitFor();
    // What a browser keeps when it is closed: cookies with an end, and localStorage.
    const state = await page.context().storageState();
    state.cookies = state.cookies.filter(({ expires }) => expires > 0);
    await page.context().close();
    const later = await newPage(browser, { storageState: state });
    await later.goto(server.url);
    await later.locator(remember ? '[data-signed-in]' : 'input[name=password]').waitFor();
    await later.context().close();
  }
});

test('a changed password ends the other session, which is told so', async () => {
  await server.addUser('grace', 'viewer');
  const one = await newPage(browser);
  const other = await newPage(browser);
  for (const page of [one, other]) await signIn(page, server.url, { user: 'grace' });
  await fromAccountMenu(one, 'Change password');
  await one.getByLabel('Current password').fill('not this one');
  await one.getByLabel('New password').fill('seven green bicycles');
  await one.getByRole('button', { name: 'Change password' }).click();
  await one.getByText('This is not your current password.').waitFor();
  await one.getByLabel('Current password').fill(password);
  await one.getByRole('button', { name: 'Change password' }).click();
  await one.getByText('Password changed').waitFor();
  await one.reload();
  await one.locator('[data-signed-in]').waitFor();
  await other.getByText('Your session has ended').waitFor();
  await one.context().close();
  await other.context().close();
});

test('it fits a phone of 360 px', async () => {
  const page = await newPage(browser, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await signIn(page, server.url);
  await page.getByText('No cameras yet').waitFor();
  await screenshot(page, 'no-cameras-360');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await page.context().close();
});
