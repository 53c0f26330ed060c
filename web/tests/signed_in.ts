// A browser that comes back with the server's cookie, as after a login that was to be remembered.

import { cookie } from './fake_peer';

export const ada = { id: 'u1', username: 'ada', role: 'admin' as const, permissions: [] };

export function signIn(user: object = ada): void {
  localStorage.setItem('reallive.wasHere', '1');
  cookie.user = user;
}

export function signOut(): void {
  localStorage.removeItem('reallive.wasHere');
  cookie.user = null;
}
