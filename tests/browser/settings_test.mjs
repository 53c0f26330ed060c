import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, newPage, screenshot, signIn } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

let server;
let browser;
let page;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  await server.addUser('vera', 'viewer');
  await server.start();
  browser = await launchChromium();
  page = await newPage(browser);
  await signIn(page, server.url, { path: '/settings' });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const setting = (key) => page.locator(`[data-setting="${key}"]`);
const field = (key) => setting(key).locator('input, select, textarea');
const save = () => page.getByRole('button', { name: 'Save settings' }).click();

/** What a screen reader says with the field. */
async function describedBy(key) {
  const ids = (await field(key).getAttribute('aria-describedby')).split(' ');
  return (await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).textContent()))).join(' ');
}

test('what was changed is there after a restart of the server, and so is what was put back', async () => {
  await field('sessions.keep_days').fill('30');
  await field('rtsp.listen').fill(':8555');
  await field('log.level').selectOption('debug');
  await field('http.allow_origins').fill('https://one.example.org\nhttps://two.example.org');
  await page.getByText('4 changes', { exact: true }).waitFor();
  await save();
  await page.getByText('Saved. Some take effect when the server is started again.').waitFor();
  for (const [value, text] of [['30', 'set here'], ['90', null]]) {
    assert.equal(await server.stop(), 0);
    await server.start();
    await page.reload();
    await field('sessions.keep_days').waitFor();
    assert.equal(await field('sessions.keep_days').inputValue(), value);
    assert.equal(await setting('sessions.keep_days').getByText('set here').count(), text ? 1 : 0);
    assert.equal(await field('log.level').inputValue(), 'debug');
    assert.equal(await field('http.allow_origins').inputValue(), 'https://one.example.org\nhttps://two.example.org');
    if (!text) break;
    await setting('sessions.keep_days').getByRole('button', { name: 'Back to the default' }).click();
    await save();
    await page.getByText('The settings are saved and in use.').waitFor();
  }
});

test('a change that needs no restart is in use at once', async () => {
  await field('auth.registration').selectOption('open');
  await save();
  await page.getByText('The settings are saved and in use.').waitFor();
  const guest = await newPage(browser);
  await guest.goto(server.url);
  await guest.getByRole('link', { name: 'Create an account' }).waitFor();
  await guest.context().close();
});

test('a wrong value gets its sentence next to its field, and nothing is saved', async () => {
  for (const [key, value, sentence] of [
    ['http.max_body_kib', 'many', 'This must be a whole number.'],
    ['http.max_body_kib', '0', /^Expected .*\.$/],
    ['http.public_url', 'cam.example.org', /^Expected .*\.$/],
    ['http.trusted_proxies', '10.0.0.0/99', /^Expected .*\.$/],
  ]) {
    const before = await field(key).inputValue();
    await field(key).fill(value);
    await save();
    const said = setting(key).getByText(sentence);
    await said.waitFor();
    assert.equal(await field(key).getAttribute('aria-invalid'), 'true');
    assert.match(await describedBy(key), sentence instanceof RegExp ? sentence : new RegExp(sentence));
    assert.ok(!(await said.textContent()).includes(key), 'it stands at the field, which has that name');
    assert.ok(await said.evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && bottom <= window.innerHeight;
    }), `${key}: the sentence is in sight`);
    await screenshot(page, `settings-wrong-${key}`);
    await field(key).fill(before);
  }
  await page.reload();
  await field('http.public_url').waitFor();
  assert.equal(await field('http.public_url').inputValue(), '');
});

test('what was set on the command line says so and cannot be changed here', async () => {
  assert.equal(await field('http.listen').isDisabled(), true);
  await setting('http.listen').getByText('set on the command line').waitFor();
});

test('who is no administrator sees none of it', async () => {
  const viewer = await newPage(browser);
  await signIn(viewer, server.url, { user: 'vera', path: '/settings' });
  await viewer.getByRole('heading', { name: 'For me' }).waitFor();
  assert.equal(await viewer.locator('[data-setting]').count(), 0);
  await viewer.context().close();
});
