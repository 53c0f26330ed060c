// Debian's Chromium with a fresh profile, and the page's first steps in it.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { watchFrames } from './media.mjs';
import { recordTraffic } from './record.mjs';
import { password } from './server.mjs';

const screenshots = join(process.env.REALLIVE_BUILD_ROOT ?? 'build', 'screenshots');

/** With `more` switches, and without some of the usual ones. */
export function launchChromium({ more = [], without = [] } = {}) {
  const usual = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  ];
  const args = [...usual.filter((one) => !without.includes(one)), ...more];
  return chromium.launch({ executablePath: '/usr/bin/chromium', args });
}

/** A page in a profile of its own. What goes wrong inside it is printed as a TAP comment. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  context.on('page', recordTraffic);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => console.log(`# page error: ${error.message}`));
  return page;
}

export async function signIn(page, url, { user = 'ada', path = '/', remember = true } = {}) {
  await page.goto(url + path);
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Keep me signed in').setChecked(remember);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[data-signed-in]').waitFor();
}

/** The item of the account menu. */
export async function fromAccountMenu(page, name) {
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name }).click();
}

export function tile(page, stream) {
  return page.locator(`article[data-stream="${stream}"]`);
}

export async function waitForState(page, stream, state, timeout = 20_000) {
  await tile(page, stream).locator(`[data-state="${state}"]`).waitFor({ timeout });
}

export async function screenshot(page, name) {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** The next frames of a stream's tile (see watchFrames); what the tile says is told where they do not come. */
export async function framesOf(page, stream, frames) {
  const selector = `article[data-stream="${stream}"] video`;
  try {
    return await page.evaluate(watchFrames, { selector, frames });
  } catch (error) {
    const said = await tile(page, stream).innerText();
    const state = await page.evaluate((video) => {
      const { paused, readyState, currentTime, srcObject } = document.querySelector(video);
      const tracks = srcObject?.getTracks().map((track) => [track.kind, track.readyState, track.muted]);
      return JSON.stringify({ paused, readyState, currentTime, tracks });
    }, selector);
    throw new Error(`${error.message}\n${said.replaceAll('\n', ' ')}\n${state}`);
  }
}
