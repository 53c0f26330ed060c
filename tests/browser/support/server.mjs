// The real `reallive serve` on free ports, with a data directory of its own that is removed at the end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { record } from './record.mjs';

const buildRoot = process.env.REALLIVE_BUILD_ROOT ?? 'build';
const program = join(buildRoot, 'orchestrator', 'app', 'reallive');

export const password = 'correct-horse-battery';
record('secret', password);

/** Asks again and again until it is so. */
export async function eventually(isSo, what, limitMs = 10_000) {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs a command of the program to its end; its standard output. */
async function command(args, input = '') {
  record('said', `${args.join('\n')}\n${input}`);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  // A command that reads nothing may be gone before; its exit code tells how it went.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  record('said', output);
  if (code !== 0) throw new Error(`reallive ${args.join(' ')} ended with ${code}: ${output}`);
  return output;
}

export class Server {
  #child = null;
  #ended = null;
  #settings = {
    'http.listen': '127.0.0.1:0',
    'https.listen': 'off',
    'webrtc.listen': '127.0.0.1:0',
    'sources.allow': '127.0.0.0/8',
  };
  log = '';

  /** `settings` go over those that tests share, which keep all on the loopback. */
  static async create(settings = {}) {
    const server = new Server();
    Object.assign(server.#settings, settings);
    server.data = await mkdtemp(join(tmpdir(), 'reallive-browser-'));
    return server;
  }

  async addUser(name, role = 'admin') {
    await command(['user', 'add', name, '--role', role, '--password-stdin', '--data', this.data], password);
  }

  /** The camera as the program's JSON describes it. */
  async addCamera(name, source) {
    return JSON.parse(await command(['camera', 'add', name, '--source', source, '--data', this.data, '--json']));
  }

  /** Any other command of the program on this server's data; its standard output. */
  command(...args) {
    return command([...args, '--data', this.data]);
  }

  /** Starts it, and keeps the HTTP port for later starts. Gives the page's address; `secureUrl` is that by HTTPS. */
  async start() {
    const settings = Object.entries(this.#settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const child = spawn(program, ['serve', '--data', this.data, ...settings], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#ended = once(child, 'exit');
    child.once('close', () => record('log', printed));
    let printed = '';
    const listening = new Promise((resolve, reject) => {
      child.stdout.on('data', (data) => {
        printed += data;
        this.log += data;
        if (printed.includes('listening webrtc')) resolve(); // the last of its addresses
      });
      child.stderr.on('data', (data) => {
        printed += data;
        this.log += data;
      });
      child.on('exit', (code, signal) => reject(new Error(`serve ended (${code ?? signal}):\n${this.log}`)));
      child.on('error', reject);
    });
    await listening;
    const [address, secure] = ['http', 'https'].map((name) => new RegExp(`listening ${name} (127\\.0\\.0\\.1:\\d+)`).exec(printed)?.[1]);
    this.#settings['http.listen'] = address;
    this.url = `http://${address}`;
    this.secureUrl = secure && `https://${secure}`;
    return this.url;
  }

  /** A token for asking the API beside the page. */
  async token(user = 'ada') {
    const answer = await fetch(`${this.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: user, password }),
    });
    return (await answer.json()).token;
  }

  /** What a power cut does. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it as a service manager does; the exit code. */
  async stop() {
    if (!this.#child) return 0;
    this.#child.kill('SIGTERM');
    const [code] = await this.#ended;
    this.#child = null;
    return code;
  }

  async close() {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}
