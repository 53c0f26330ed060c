// Debian's nginx with TLS in front of a server, on a free port of the loopback, for as long as a test wants it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './server.mjs';

/** A TCP port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port) {
  const socket = connect(port, '127.0.0.1');
  const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
  socket.destroy();
  return isThere;
}

export class Nginx {
  #child;
  #ended;
  #directory;

  /** `certificate` and `key` are files. */
  static async start({ port, prefix, target, certificate, key }) {
    const proxy = new Nginx();
    const directory = await mkdtemp(join(tmpdir(), 'reallive-nginx-'));
    proxy.#directory = directory;
    proxy.url = `https://127.0.0.1:${port}${prefix}`;
    for (const name of ['nginx.conf', 'forward.conf']) {
      await copyFile(new URL(`../../support/nginx/${name}`, import.meta.url), join(directory, name));
    }
    await writeFile(
      join(directory, 'server.conf'),
      `listen 127.0.0.1:${port} ssl http2;
       ssl_certificate ${certificate}; ssl_certificate_key ${key};
       location ${prefix}/ { proxy_pass ${target}; include forward.conf; }
       location / { return 404; }`,
    );
    const file = join(directory, 'nginx.conf');
    proxy.#child = spawn('/usr/sbin/nginx', ['-p', directory, '-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
    proxy.#ended = once(proxy.#child, 'exit');
    await eventually(() => listens(port), 'nginx listens');
    return proxy;
  }

  /** Each request so far: `GET /path 200`. */
  async asked() {
    return (await readFile(join(this.#directory, 'access.log'), 'utf8')).split('\n').filter(Boolean);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await this.#ended;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
