// What the server tells everybody about itself.

import { requestJson } from './http';

export interface ServerInfo {
  name: string;
  version: string;
  setupNeeded: boolean;
  registration: 'closed' | 'invite' | 'open';
}

/** Null when it cannot be asked: the page then goes without. */
export function readInfo(): Promise<ServerInfo | null> {
  return requestJson<ServerInfo>('/api/v1/info').catch(() => null);
}
