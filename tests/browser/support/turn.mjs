// A real TURN server (coturn) on the loopback, on free ports, for as long as a test wants it.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const turnSecret = 'shared by both servers';

/** A UDP port that was free a moment ago. */
async function freePort() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** True when something answers a STUN binding request there. */
async function answers(port) {
  const socket = createSocket('udp4');
  const request = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), Buffer.alloc(12, 7)]);
  try {
    socket.send(request, port, '127.0.0.1');
    return await Promise.race([once(socket, 'message').then(() => true), pause(200).then(() => false)]);
  } finally {
    socket.close();
  }
}

export class TurnServer {
  #child;
  #ended;
  #directory;
  log = '';

  static async start() {
    const server = new TurnServer();
    server.#directory = await mkdtemp(join(tmpdir(), 'reallive-turn-'));
    server.port = await freePort();
    const options = {
      'listening-ip': '127.0.0.1',
      'listening-port': server.port,
      'relay-ip': '127.0.0.1',
      realm: 'reallive.test',
      'static-auth-secret': turnSecret,
      pidfile: join(server.#directory, 'pid'),
      userdb: join(server.#directory, 'db'),
      'log-file': 'stdout',
    };
    const flags = ['-n', '--use-auth-secret', '--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers', '--verbose'];
    const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    server.#child = spawn('turnserver', [...flags, ...given], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.#child.stdout, server.#child.stderr]) {
      stream.on('data', (data) => (server.log += data));
    }
    server.#ended = once(server.#child, 'exit');
    for (const limit = Date.now() + 15_000; !(await answers(server.port)); ) {
      if (server.#child.exitCode !== null || Date.now() > limit) throw new Error(`no TURN server:\n${server.log}`);
    }
    return server;
  }

  get url() {
    return `turn:127.0.0.1:${this.port}?transport=udp`;
  }

  async stop() {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
