// What a server's owner manages: cameras, users, invitations, sessions, settings. Plain calls; each takes the function
// that asks in somebody's name (the session store's `request`).

import type { RequestOptions } from './http';
import type {
  Addresses,
  Camera,
  CameraChange,
  CameraTest,
  Invitation,
  InvitationMade,
  Page,
  Role,
  SessionRecord,
  SettingItem,
  SettingValue,
  SourceTest,
  StreamAddresses,
  UserRecord,
} from './admin_types';

export type Ask = <T>(path: string, options?: Omit<RequestOptions, 'token'>) => Promise<T>;

const api = '/api/v1';
const id = encodeURIComponent;

/** Follows `nextCursor` to the end; a list that never ends is cut. */
async function all<T>(ask: Ask, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const query = new URLSearchParams({ limit: '200' });
    if (cursor) query.set('cursor', cursor);
    const page = await ask<Page<T>>(`${path}${path.includes('?') ? '&' : '?'}${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
    if (!cursor) break;
  }
  return items;
}

export const cameraApi = {
  get: (ask: Ask, camera: string, signal?: AbortSignal) => ask<Camera>(`${api}/cameras/${id(camera)}`, signal ? { signal } : {}),
  create: (ask: Ask, body: CameraChange) => ask<Camera>(`${api}/cameras`, { method: 'POST', body }),
  change: (ask: Ask, camera: string, body: CameraChange) =>
    ask<Camera>(`${api}/cameras/${id(camera)}`, { method: 'PUT', body }),
  remove: (ask: Ask, camera: string) => ask<undefined>(`${api}/cameras/${id(camera)}`, { method: 'DELETE' }),
  newStreamKey: (ask: Ask, camera: string) =>
    ask<Camera>(`${api}/cameras/${id(camera)}/stream-key`, { method: 'POST' }),
  addresses: (ask: Ask, camera: string) => ask<StreamAddresses>(`${api}/cameras/${id(camera)}/stream`),
  test: (ask: Ask, body: SourceTest, signal: AbortSignal) =>
    ask<CameraTest>(`${api}/cameras/test`, { method: 'POST', body, signal }),
};

export const userApi = {
  list: (ask: Ask) => all<UserRecord>(ask, `${api}/users`),
  create: (ask: Ask, body: { username: string; password: string; role: Role; email?: string }) =>
    ask<UserRecord>(`${api}/users`, { method: 'POST', body }),
  change: (ask: Ask, user: string, body: { role?: Role; isActive?: boolean; email?: string; password?: string }) =>
    ask<UserRecord>(`${api}/users/${id(user)}`, { method: 'PUT', body }),
  remove: (ask: Ask, user: string) => ask<undefined>(`${api}/users/${id(user)}`, { method: 'DELETE' }),
};

export const invitationApi = {
  list: (ask: Ask) => all<Invitation>(ask, `${api}/invitations`),
  create: (ask: Ask, body: { role: Role; expiresInHours?: number }) =>
    ask<InvitationMade>(`${api}/invitations`, { method: 'POST', body }),
  remove: (ask: Ask, invitation: string) => ask<undefined>(`${api}/invitations/${id(invitation)}`, { method: 'DELETE' }),
};

export const sessionApi = {
  active: (ask: Ask, cameraId?: string) => {
    const query = new URLSearchParams({ status: 'active', ...(cameraId ? { cameraId } : {}) });
    return all<SessionRecord>(ask, `${api}/sessions?${query}`);
  },
  end: (ask: Ask, session: string) => ask<undefined>(`${api}/sessions/${id(session)}`, { method: 'DELETE' }),
};

export const serverApi = {
  addresses: (ask: Ask) => ask<Addresses>(`${api}/addresses`),
  settings: (ask: Ask) => ask<{ items: SettingItem[] }>(`${api}/settings`),
  changeSettings: (ask: Ask, body: Record<string, SettingValue | null>) =>
    ask<{ items: SettingItem[] }>(`${api}/settings`, { method: 'PUT', body }),
};
