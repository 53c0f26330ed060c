// ./dev bench glass: from the moment a picture is made to the moment a page shows it, through Chromium and the server, by a
// clock in the picture; and how long the page takes to its first picture. Beside it, in the same run, the browser's own
// part: the same pictures from the page to itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launchChromium, newPage, signIn } from './support/chromium.mjs';
import { installGlass, noteFirstPicture } from './support/glass.mjs';
import { password, Server } from './support/server.mjs';

const promises = { whip: [35, 50], rtsp: [45, 60], firstMs: 300 };
const seconds = Number(process.argv[2] ?? 20);
const openings = 20;
const times = { warmUpMs: 4000, forMs: seconds * 1000 };

const at = (values, share) => [...values].sort((one, other) => one - other)[Math.round(share * (values.length - 1))];
const ms = (value) => (value === undefined || Number.isNaN(value) ? '-' : value.toFixed(1));

async function startCamera() {
  const child = spawn(join(process.env.REALLIVE_BUILD_ROOT ?? 'build', 'tests/load/load-glass-camera'), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { url: JSON.parse(line).url, stop: () => child.stdin.end() };
}

async function logIn(url) {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password }),
  });
  return (await response.json()).token;
}

/** Loads, and the share of the processors that was busy while `work` ran. */
async function underLoad(work) {
  const busy = () => cpus().reduce((all, { times: t }) => all + t.user + t.nice + t.sys + t.irq, 0);
  const [before, began] = [busy(), performance.now()];
  const result = await work();
  const share = (busy() - before) / ((performance.now() - began) * cpus().length);
  return { ...result, busy: share };
}

function row(name, result, promised) {
  const { delays } = result;
  if (delays.length < 10) throw new Error(`${name}: only ${delays.length} pictures could be read`);
  const [p50, p95] = [at(delays, 0.5), at(delays, 0.95)];
  const cells = [
    name.padEnd(26),
    ms(p50),
    ms(p95),
    ms(Math.max(...delays)),
    ms(result.jitterBuffer),
    ms(result.decode),
    `${delays.length}`,
    `${result.unreadable}`,
    `${Math.round(result.busy * 100)} %`,
    promised ? `≤ ${promised[0]}, ≤ ${promised[1]}` : '',
  ];
  console.log(cells.map((cell, index) => (index === 0 ? cell : cell.padStart(9))).join(' '));
  return { p50, p95 };
}

function kept(isKept, text) {
  console.log(`${isKept ? 'kept   ' : 'MISSED '} ${text}`);
  return isKept;
}

async function firstPictures(browser, url) {
  const page = await newPage(browser);
  await signIn(page, url);
  await page.addInitScript(noteFirstPicture);
  const took = [];
  for (let opening = 0; opening < openings; ++opening) {
    await page.goto(`${url}/`);
    await page.waitForFunction(() => window.firstPictureMs !== undefined);
    took.push(await page.evaluate(() => window.firstPictureMs));
  }
  await page.context().close();
  return took;
}

const server = await Server.create({ 'sources.allow': '127.0.0.0/8' });
let camera;
let browser;
let all = false;
try {
  camera = await startCamera();
  await server.addUser('ada');
  const phone = await server.addCamera('Phone', 'publish');
  const clock = await server.addCamera('Clock', camera.url);
  const url = await server.start();
  const token = await logIn(url);
  browser = await launchChromium();
  const page = await newPage(browser);
  await page.goto(`${url}/privacy`); // a quiet page, whose policy lets it speak with the server
  await page.evaluate(installGlass);

  const loads = (await readFile('/proc/loadavg', 'utf8')).split(' ').slice(0, 3).join(' ');
  console.log(`glass: ms from drawing a picture to showing it, 720p30, ${seconds} s each; ${cpus().length} processors, load ${loads}\n`);
  const heads = ['', 'p50', 'p95', 'worst', 'jitter', 'decode', 'pictures', 'unread', 'busy', 'promise'];
  console.log(heads.map((head, index) => (index === 0 ? head.padEnd(26) : head.padStart(9))).join(' '));
  const run = (name, options) =>
    underLoad(() => page.evaluate(([what, given]) => window.glass[what](given), [name, { token, ...times, ...options }]));
  const floor = row('page to itself (floor)', await run('floor', {}));
  const whip = row('published by WHIP', await run('whip', { stream: phone.stream }), promises.whip);
  const rtsp = row('pulled by RTSP', await run('watch', { stream: clock.stream }), promises.rtsp);
  const first = await firstPictures(browser, url);
  console.log(`\nfirst picture of the opened page, ${openings} times: p50 ${ms(at(first, 0.5))}, p95 ${ms(at(first, 0.95))} ms\n`);
  const over = (value) => `${ms(value - floor.p50)} ms over the floor`;
  all = [
    kept(whip.p50 <= promises.whip[0] && whip.p95 <= promises.whip[1], `WHIP p50 ≤ ${promises.whip[0]}, p95 ≤ ${promises.whip[1]} ms (p50 ${over(whip.p50)})`),
    kept(rtsp.p50 <= promises.rtsp[0] && rtsp.p95 <= promises.rtsp[1], `RTSP p50 ≤ ${promises.rtsp[0]}, p95 ≤ ${promises.rtsp[1]} ms (p50 ${over(rtsp.p50)})`),
    kept(at(first, 0.95) <= promises.firstMs, `first picture p95 ≤ ${promises.firstMs} ms, the page's part included`),
  ].every(Boolean);
} finally {
  await browser?.close();
  await server.close();
  camera?.stop();
}
process.exitCode = all ? 0 : 1;
