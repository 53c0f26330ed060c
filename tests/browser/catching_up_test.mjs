import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, newPage, signIn, tile } from './support/chromium.mjs';
import { watchByWhep } from './support/peers.mjs';
import { eventually, Server } from './support/server.mjs';

// A key frame every eleven seconds, whoever asks for one: who comes in between begins with an old one.
const rate = 30;
const interval = 11 * rate;
const source =
  `launch:videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=${rate}/1 ! x264enc ` +
  `tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=${interval} min-force-key-unit-interval=3600000000000`;

let server;
let browser;
let stream;

before(async () => {
  server = await Server.create();
  await server.addUser('ada');
  // Its name fills the header of a narrow screen.
  ({ stream } = await server.addCamera('The camera above the back door', source));
  await server.start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** Somebody else who watches all the time. Gives a question: how many pictures came since the last key frame. */
async function watchBeside() {
  const page = await newPage(browser, { bypassCSP: true });
  await page.goto(`${server.url}/healthz`);
  await page.evaluate(watchByWhep, { whep: `${server.url}/whep/${stream}`, token: await server.token() });
  await page.evaluate(() => {
    let keys = 0;
    let keyAt = 0;
    window.sinceKey = 0;
    setInterval(async () => {
      const stats = [...(await window.peer.connections.get('server').getStats()).values()];
      const { framesDecoded = 0, keyFramesDecoded = 0 } = stats.find(({ type }) => type === 'inbound-rtp') ?? {};
      if (keyFramesDecoded > keys) [keys, keyAt] = [keyFramesDecoded, framesDecoded];
      window.sinceKey = framesDecoded - keyAt;
    }, 100);
  });
  return () => page.evaluate(() => window.sinceKey);
}

/** Inside the page, before its own code: writes down each chip that comes, with what it says and what it lies on. */
function noteChips() {
  window.chips = [];
  let shown = null;
  new MutationObserver(() => {
    const chip = document.querySelector('[data-catching-up]');
    if (chip === shown) return;
    shown = chip;
    if (!chip) return;
    requestAnimationFrame(() => {
      if (!chip.isConnected) return;
      const box = chip.getBoundingClientRect();
      const article = chip.closest('article');
      const covered = [...article.querySelectorAll('h1, [data-state], header a, button, span.truncate')].filter((element) => {
        const { left, right, top, bottom, width } = element.getBoundingClientRect();
        return width > 0 && !chip.contains(element) && left < box.right && right > box.left && top < box.bottom && bottom > box.top;
      });
      const frame = article.getBoundingClientRect();
      window.chips.push({
        path: location.pathname,
        says: chip.closest('[role=status]')?.innerText ?? '',
        covers: covered.map((element) => element.outerHTML),
        isInside: box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom,
      });
    });
  }).observe(document, { childList: true, subtree: true });
}

test('who comes behind an old key frame is told so, in the grid and in the viewer, until it is live', async () => {
  const page = await newPage(browser, { viewport: { width: 360, height: 740 } });
  await page.addInitScript(noteChips);
  await signIn(page, server.url, { path: '/cameras' });
  const sinceKey = await watchBeside();
  const viewer = `/watch/${stream}`;

  /** Clicks there and stays until the server says that nothing is to be caught up with; the chip is gone then. */
  const visit = async (link) => {
    const isLive = page.waitForResponse(async (response) => {
      return new URL(response.url()).pathname.startsWith('/api/v1/sessions/') && response.ok() && !(await response.json()).catchingUp;
    });
    await link.click();
    await isLive;
    await page.locator('[data-catching-up]').waitFor({ state: 'detached' });
  };
  const seen = async (path) => (await page.evaluate(() => window.chips)).find((chip) => chip.path === path);

  // The last second of it is not worth a word, and on a busy machine that is over before the page asks: then again.
  for (let round = 0; round < 6 && !((await seen('/')) && (await seen(viewer))); ++round) {
    await page.getByRole('link', { name: 'Cameras', exact: true }).click();
    await page.waitForURL('**/cameras');
    await eventually(async () => (await sinceKey()) > 6 * rate, 'a key frame that is six seconds old', 30_000);
    await visit(page.getByRole('link', { name: 'Live', exact: true }));
    await visit(tile(page, stream).getByRole('link', { name: /^Open / }));
  }
  for (const path of ['/', viewer]) {
    const chip = await seen(path);
    assert.ok(chip, `${path}: none in six visits`);
    assert.match(chip.says, /^Catching up\s+These pictures are a little old/, path);
    assert.deepEqual([chip.covers, chip.isInside], [[], true], path);
  }
});
