// How long to wait before the next attempt. Waits are spread by chance, so that the viewers of a server that comes
// back do not all knock in the same moment.

const firstMs = 500;
const mostMs = 5000;
const askedMostMs = 30_000;

/** `failures` counts from 1; `asked` is the server's Retry-After; `random` is in [0, 1). */
export function waitMs(failures: number, asked: number | null, random: number): number {
  if (asked !== null) return Math.min(Math.max(asked, firstMs), askedMostMs) + random * firstMs;
  const most = Math.min(firstMs * 2 ** Math.min(failures - 1, 10), mostMs);
  return most * (0.5 + random / 2);
}
