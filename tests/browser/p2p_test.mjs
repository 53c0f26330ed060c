// Two browsers meet on /ws/signaling: directly, through the server, and through a TURN server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, newPage } from './support/chromium.mjs';
import { difference, watchFrames } from './support/media.mjs';
import { joinRoom, localCandidateTypes, watchByWhep } from './support/peers.mjs';
import { record } from './support/record.mjs';
import { eventually, password, Server } from './support/server.mjs';
import { TurnServer, turnSecret } from './support/turn.mjs';

let turn;
let server;
let browser;
let token;
let phone;
let picture;
let other;

before(async () => {
  turn = await TurnServer.start();
  record('secret', turnSecret);
  process.env.REALLIVE_WEBRTC_TURN_SECRET = turnSecret;
  server = await Server.create({ 'webrtc.turn': turn.url });
  await server.addUser('ada');
  phone = await server.addCamera('Phone', 'publish');
  picture = await server.addCamera('Test picture', 'test');
  other = await server.addCamera('Other picture', 'test');
  await server.start();
  const answer = await fetch(`${server.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password }),
  });
  ({ token } = await answer.json());
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
  await turn?.stop();
});

/** An empty page of the server's own origin; as no page is meant to be there, its policy would let it do nothing. */
async function page() {
  const made = await newPage(browser, { bypassCSP: true });
  await made.goto(`${server.url}/healthz`);
  return made;
}

async function api(path) {
  const answer = await fetch(`${server.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
  return answer.json();
}

/** How many watch a camera through the server becomes so many. */
function viewersBecome(camera, count, limitMs) {
  const isSo = async () => (await api(`/cameras/${camera.id}/status`)).viewerCount === count;
  return eventually(isSo, `${count} viewers of ${camera.stream}`, limitMs);
}

async function seesMovingPicture(viewer) {
  try {
    const frames = await viewer.evaluate(watchFrames, { selector: 'video', frames: 30 });
    const moved = frames.slice(1).filter((frame, at) => difference(frame.grid, frames[at].grid) > 0);
    assert.ok(moved.length > 5, `only ${moved.length} of 29 frames differ from the one before`);
  } catch (error) {
    const said = await viewer.evaluate(() => JSON.stringify(window.peer?.said ?? []));
    throw new Error(`${error.message}\n${said}`);
  }
}

async function meet(relayOnly) {
  const viewer = await page();
  const publisher = await page();
  const room = { room: phone.stream, mode: 'peer', token, relayOnly };
  const joined = await viewer.evaluate(joinRoom, { ...room, role: 'viewer' });
  assert.equal(joined.type, 'joined', JSON.stringify(joined));
  assert.equal((await publisher.evaluate(joinRoom, { ...room, role: 'publisher' })).type, 'joined');
  await seesMovingPicture(viewer);
  return { viewer, publisher, joined };
}

test('two pages see one another directly, the viewer came first', async () => {
  const { viewer, publisher } = await meet(false);
  assert.deepEqual((await viewer.evaluate(() => window.peer.statuses)).slice(0, 2), ['offline', 'streaming']);
  assert.equal((await api(`/cameras/${phone.id}/status`)).viewerCount, 0, 'no media goes through the server');

  await publisher.context().close();
  await viewer.waitForFunction(() => window.peer.said.some(({ type }) => type === 'peer-left'));
  await viewer.waitForFunction(() => window.peer.statuses.at(-1) === 'offline');
  const next = await page();
  await next.evaluate(joinRoom, { room: phone.stream, mode: 'peer', token, role: 'publisher' });
  await seesMovingPicture(viewer);
  await next.context().close();
  await viewer.context().close();
});

test('two pages that may only use TURN see one another', async () => {
  const { viewer, publisher, joined } = await meet(true);
  const [{ urls, username, credential }] = joined.iceServers;
  assert.deepEqual(urls, [turn.url]);
  assert.match(username, /^\d+:[0-9a-f-]{36}$/);
  assert.ok(credential);
  assert.deepEqual(await viewer.evaluate(localCandidateTypes), ['relay']);
  assert.deepEqual(await publisher.evaluate(localCandidateTypes), ['relay']);
  await publisher.context().close();
  await viewer.context().close();
});

test('a page watches and another publishes through the server over the WebSocket', async () => {
  const publisher = await page();
  const viewer = await page();
  const room = { room: phone.stream, mode: 'server', token };
  assert.equal((await publisher.evaluate(joinRoom, { ...room, role: 'publisher' })).type, 'joined');
  await publisher.waitForFunction(() => window.peer.statuses.at(-1) === 'streaming');
  assert.equal((await viewer.evaluate(joinRoom, { ...room, role: 'viewer' })).type, 'joined');
  await seesMovingPicture(viewer);
  assert.equal((await api(`/cameras/${phone.id}/status`)).viewerCount, 1);
  await viewer.context().close();
  await viewersBecome(phone, 0);
  await publisher.context().close();
});

test('a page that may only use TURN watches what the server sends, by WebSocket and by WHEP', async () => {
  const viewer = await page();
  const room = { room: picture.stream, mode: 'server', role: 'viewer', token, relayOnly: true };
  assert.equal((await viewer.evaluate(joinRoom, room)).type, 'joined');
  await seesMovingPicture(viewer);
  assert.deepEqual(await viewer.evaluate(localCandidateTypes), ['relay']);
  await viewer.context().close();

  const { whep, iceServers } = await api(`/cameras/${picture.id}/stream/webrtc`);
  const player = await page();
  const link = await player.evaluate(watchByWhep, { whep, token, relayOnly: true, iceServers });
  assert.ok(link.includes(`<${turn.url}>; rel="ice-server"; username=`), link);
  await seesMovingPicture(player);
  assert.deepEqual(await player.evaluate(localCandidateTypes), ['relay']);
  await player.context().close();
});

test('a viewer that closes without DELETE is gone at once', async () => {
  const viewer = await page();
  const { whep } = await api(`/cameras/${other.id}/stream/webrtc`);
  await viewer.evaluate(watchByWhep, { whep, token });
  await seesMovingPicture(viewer);
  assert.equal((await api(`/cameras/${other.id}/status`)).viewerCount, 1);
  const began = performance.now();
  await viewer.evaluate(() => window.peer.connections.get('server').close());
  await viewersBecome(other, 0, 40_000);
  const took = performance.now() - began;
  assert.ok(took < 5000, `took ${Math.round(took)} ms`);
});
