import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seriousFindings } from './support/axe.mjs';
import { launchChromium, newPage, signIn } from './support/chromium.mjs';
import { eventually, password, Server } from './support/server.mjs';

let server;
let browser;
let page;

before(async () => {
  server = await Server.create({ 'auth.registration': 'invite' });
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function fill(on, name) {
  await on.getByLabel('User name').fill(name);
  await on.getByLabel('Password', { exact: true }).fill(password);
}

test('a server without an account says how it is set up', async () => {
  await page.goto(server.url);
  await page.getByRole('heading', { name: 'Set up this server' }).waitFor();
  await page.getByText('set-up link').waitFor();
  await page.goto(`${server.url}/setup`);
  await page.getByRole('heading', { name: 'This link is not whole' }).waitFor();
});

test('the printed link makes the owner’s account, once', async () => {
  let token;
  await eventually(() => (token = /\/setup#(\S+)/.exec(server.log)?.[1]), 'the set-up link is printed');
  await page.goto('about:blank');
  await page.goto(`${server.url}/setup#${token}`);
  await page.getByRole('heading', { name: 'Set up this server' }).waitFor();
  assert.ok(!page.url().includes(token), 'the token left the address bar');
  assert.deepEqual(await seriousFindings(page), []);
  await page.getByLabel('User name').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('too short');
  await page.getByRole('button', { name: 'Make the owner’s account' }).click();
  await page.getByText('at least 10 characters', { exact: false }).last().waitFor();
  assert.deepEqual(await seriousFindings(page), []);
  await fill(page, 'ada');
  await page.getByRole('button', { name: 'Make the owner’s account' }).click();
  await page.locator('[data-signed-in]').waitFor();
  await page.getByText('No cameras yet').waitFor();

  const late = await newPage(browser);
  await late.goto(`${server.url}/setup#${token}`);
  await late.getByRole('heading', { name: 'This server is set up' }).waitFor();
  await late.context().close();
});

test('who is invited makes an account of their own', async () => {
  const token = await server.token();
  const answer = await fetch(`${server.url}/api/v1/invitations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ role: 'viewer' }),
  });
  const invitation = await answer.json();
  const guest = await newPage(browser, { viewport: { width: 360, height: 740 } });
  await guest.goto(invitation.url.replace(/^https?:\/\/[^/]+/, server.url));
  await guest.getByRole('heading', { name: 'You are invited' }).waitFor();
  assert.deepEqual(await seriousFindings(guest), []);
  await fill(guest, 'grace');
  await guest.getByRole('button', { name: 'Create the account' }).click();
  await guest.locator('[data-signed-in]').waitFor();
  assert.equal(await guest.getByRole('link', { name: 'Users' }).count(), 0);
  await guest.context().close();

  const again = await newPage(browser);
  await again.goto(invitation.url.replace(/^https?:\/\/[^/]+/, server.url));
  await fill(again, 'heidi');
  await again.getByRole('button', { name: 'Create the account' }).click();
  await again.getByRole('alert').waitFor();
  await signIn(again, server.url, { user: 'grace' });
  await again.context().close();
});
