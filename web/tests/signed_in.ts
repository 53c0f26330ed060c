// A session as the login page leaves it.

export const ada = { id: 'u1', username: 'ada', role: 'admin' as const, permissions: [] };

export function signIn(user: object = ada): void {
  sessionStorage.setItem('reallive.session', JSON.stringify({ token: 'secret', user }));
}
