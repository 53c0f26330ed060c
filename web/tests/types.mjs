// Checks the page's types by vue-tsc, as one TAP case.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/vue-tsc/bin/vue-tsc.js', import.meta.url));
const run = spawnSync(process.execPath, [compiler, '--noEmit'], { cwd: page, encoding: 'utf8' });
console.log('1..1');
for (const line of run.stdout.split('\n').filter(Boolean)) console.log(`# ${line}`);
console.log(`${run.status === 0 ? 'ok' : 'not ok'} 1 - vue-tsc finds no error`);
process.exitCode = run.status ?? 1;
