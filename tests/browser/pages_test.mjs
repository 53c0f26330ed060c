import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { framesOf, fromAccountMenu, launchChromium, newPage, screenshot, signIn, waitForState } from './support/chromium.mjs';
import { Server } from './support/server.mjs';

// Every page, in both themes: as wide as the window, without a serious finding of axe-core, with one heading.

let server;
let browser;
let axe;
let camera;

before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  server = await Server.create();
  await server.addUser('ada');
  camera = await server.addCamera('Front door', 'test');
  await server.addCamera('Phone', 'publish');
  await server.start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function findings(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
}

async function check(page, path, theme, name) {
  assert.deepEqual(await findings(page), [], `${path} (${theme})`);
  assert.equal(await page.locator('h1').count(), 1, `${path} has one h1`);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} is too wide`);
  await screenshot(page, `${name}-${theme}`);
}

const open = { '/login': 'login', '/setup#abc': 'setup', '/invite#abc': 'invite', '/trust': 'trust', '/privacy': 'privacy', '/no/such/page': 'not-found' };
const inside = () => ({
  '/': 'live',
  [`/watch/${camera.stream}`]: 'watch',
  '/password': 'password',
  '/cameras': 'cameras',
  '/cameras/new': 'camera-new',
  [`/cameras/${camera.id}`]: 'camera',
  '/users': 'users',
  '/settings': 'settings',
  '/phone': 'phone',
  '/watch/nobody': 'watch-missing',
  '/nowhere': 'not-found-inside',
});

for (const theme of ['light', 'dark']) {
  for (const [kind, viewport] of [['desk', { width: 1280, height: 800 }], ['phone', { width: 360, height: 740 }]]) {
    test(`pages without a session, ${theme}, ${kind}`, async () => {
      const page = await newPage(browser, { colorScheme: theme, viewport, reducedMotion: 'reduce' });
      for (const [path, name] of Object.entries(open)) {
        await page.goto('about:blank');
        await page.goto(server.url + path);
        await page.locator('h1').waitFor();
        await check(page, path, theme, `${name}-${kind}`);
      }
      await page.context().close();
    });

    test(`pages with a session, ${theme}, ${kind}`, async () => {
      const page = await newPage(browser, { colorScheme: theme, viewport, reducedMotion: 'reduce' });
      await signIn(page, server.url);
      await waitForState(page, camera.stream, 'live');
      for (const [path, name] of Object.entries(inside())) {
        await page.goto(server.url + path);
        await page.locator('h1').waitFor();
        if (path === `/watch/${camera.stream}`) {
          await waitForState(page, camera.stream, 'live');
          await framesOf(page, camera.stream, 5);
          await page.keyboard.press('i');
          await page.locator('[data-figure="latency"]', { hasText: 'ms' }).waitFor();
        } else {
          await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined);
        }
        await check(page, path, theme, `${name}-${kind}`);
      }
      await page.context().close();
    });
  }
}

test('the theme follows the system until one is chosen, and the choice lasts', async () => {
  const page = await newPage(browser, { colorScheme: 'dark' });
  await signIn(page, server.url);
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitemradio', { name: 'Dark theme' }).click();
  assert.equal(await theme(), 'dark');
  await page.reload();
  await page.locator('[data-signed-in]').waitFor();
  assert.equal(await theme(), 'dark');
  await page.context().close();
});

test('the keyboard alone gets everywhere, and the focus follows', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url);
  await waitForState(page, camera.stream, 'live');
  await page.reload();
  await waitForState(page, camera.stream, 'live');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  await page.getByRole('link', { name: 'Open Front door' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Front door' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  await fromAccountMenu(page, 'Privacy');
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Privacy');
  await page.context().close();
});

test('the wall stands in the middle of the screen', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url);
  await waitForState(page, camera.stream, 'live');
  await page.getByRole('button', { name: 'Fill the screen' }).click();
  const leave = page.getByRole('button', { name: 'Leave full screen' });
  await leave.waitFor();
  await page.waitForFunction(() => {
    const boxes = [...document.querySelectorAll('article')].map((tile) => tile.getBoundingClientRect());
    const top = Math.min(...boxes.map((box) => box.top));
    const below = window.innerHeight - Math.max(...boxes.map((box) => box.bottom));
    return top > 50 && Math.abs(top - below) <= 2;
  });
  await leave.click();
  await page.context().close();
});

test('the old addresses lead on', async () => {
  const page = await newPage(browser);
  await signIn(page, server.url);
  for (const [from, to] of [['/admin.html', '/'], ['/camera.html', '/phone']]) {
    await page.goto(server.url + from);
    await page.waitForURL(server.url + to);
  }
  await page.context().close();
});
