// The address under which another device reaches this page: what the server recommends, else how this browser came.

import { serverApi, type Ask } from '../api/admin';
import { absolute } from '../base';

export interface Reach {
  base: string;
  /** Phones give a page their camera only then. */
  secure: boolean;
  /** Good on this computer only. */
  local: boolean;
}

export function judge(base: string): Reach {
  let host = '';
  try {
    host = new URL(base).hostname;
  } catch {
    // No address at all: neither secure nor local.
  }
  return {
    base,
    secure: base.startsWith('https://'),
    local: host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\./.test(host),
  };
}

/** `own` is where this page came from; it is as good as the server's when it is secure and not local. */
export function best(own: string, told: { publicUrl: string | null; https: readonly string[]; http: readonly string[] } | null): Reach {
  const candidates = [told?.publicUrl, own, ...(told?.https ?? []), ...(told?.http ?? [])]
    .filter((base): base is string => typeof base === 'string' && base !== '')
    .map(judge);
  return (
    candidates.find(({ secure, local }) => secure && !local) ??
    candidates.find(({ local }) => !local) ??
    candidates.find(({ secure }) => secure) ??
    judge(own)
  );
}

export async function reach(ask: Ask): Promise<Reach> {
  const own = absolute('/');
  try {
    return best(own, await serverApi.addresses(ask));
  } catch {
    return best(own, null);
  }
}
