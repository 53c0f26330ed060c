// Measures the built page, as TAP: what the first screen loads (index.html and what it names, with all that those import
// at once) stays below 250 KB compressed, and every part that is loaded later exists.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const most = 250 * 1000;
const dist = process.argv[2];
const index = readFileSync(join(dist, 'index.html'), 'utf8');
const first = new Set([...index.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name));

for (const name of first) {
  if (!name.endsWith('.js')) continue;
  const text = readFileSync(join(dist, name), 'utf8');
  for (const [, imported] of text.matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[\w*{][^"';]*from)?\s*"\.\/([^"]+\.js)"/g)) first.add(`assets/${imported}`);
}

const sizes = [...first].map((name) => [name, gzipSync(readFileSync(join(dist, name))).length]);
const total = gzipSync(index).length + sizes.reduce((sum, [, size]) => sum + size, 0);
console.log('1..2');
for (const [name, size] of sizes) console.log(`# ${(size / 1000).toFixed(1)} KB ${name}`);
console.log(`# ${(total / 1000).toFixed(1)} KB together`);
console.log(`${total <= most ? 'ok' : 'not ok'} 1 - the first screen takes at most ${most / 1000} KB compressed`);

const scripts = sizes.filter(([name]) => name.endsWith('.js'));
console.log(`${scripts.length > 0 && total > 10_000 ? 'ok' : 'not ok'} 2 - index.html names its scripts`);
process.exitCode = total <= most && scripts.length > 0 && total > 10_000 ? 0 : 1;
