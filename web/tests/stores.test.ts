import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/http';
import { useCameras } from '../src/stores/cameras';
import { useSession } from '../src/stores/session';
import { apiError, cookie, fakeServer } from './fake_peer';
import { signIn, signOut } from './signed_in';

const user = { id: 'u1', username: 'ada', role: 'admin', permissions: [] };
const login = () => Response.json({ token: 'secret', refreshToken: 'r', expiresIn: 86400, user });
const camera = (stream: string) => ({ id: `id-${stream}`, name: stream, stream, isActive: true, streamStatus: 'offline' });

beforeEach(() => {
  sessionStorage.clear();
  signOut();
  setActivePinia(createPinia());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('session', () => {
  const renewed = (token: string) => () => Response.json({ token, refreshToken: null, expiresIn: 100, user });

  it('keeps the token in memory alone, and the password nowhere', async () => {
    const calls = fakeServer(login);
    const session = useSession();
    expect(session.signedIn).toBe(false);
    await session.login('ada', 'correct horse', true);
    expect(calls[0]).toMatchObject({ method: 'POST', url: '/api/v1/auth/login' });
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ username: 'ada', password: 'correct horse', remember: true });
    expect(session.token).toBe('secret');
    const kept = JSON.stringify({ ...sessionStorage, ...localStorage });
    expect(kept).not.toMatch(/correct horse|secret/);
  });

  it('comes back by the cookie at page load, and asks nobody who was never here', async () => {
    const calls = fakeServer(login);
    expect(await useSession().restore()).toBe(false);
    expect(calls).toHaveLength(0);
    signIn(user);
    setActivePinia(createPinia());
    const session = useSession();
    expect(await Promise.all([session.restore(), session.restore()])).toEqual([true, true]);
    expect(calls.map(({ url }) => url)).toEqual(['/api/v1/auth/refresh']);
    expect(session.user?.username).toBe('ada');
  });

  it('renews in one tab at a time', async () => {
    signIn(user);
    const calls = fakeServer(login);
    let turn: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => (turn = resolve));
    const request = vi.fn(async (_name: string, _options: LockOptions, work: () => Promise<unknown>) => {
      await mine;
      return work();
    });
    vi.stubGlobal('navigator', { locks: { request } });
    const restored = useSession().restore();
    await Promise.resolve();
    expect(request.mock.calls[0]?.[0]).toBe('reallive.refresh');
    expect(calls).toHaveLength(0);
    turn();
    expect(await restored).toBe(true);
    expect(calls.map(({ url }) => url)).toEqual(['/api/v1/auth/refresh']);
  });

  it('does not take a server that is away for a lost session', async () => {
    signIn(user);
    cookie.user = null;
    fakeServer(() => {
      throw new TypeError('Failed to fetch');
    });
    await expect(useSession().restore()).rejects.toMatchObject({ status: 0 });
    signIn(user);
    expect(await useSession().restore()).toBe(true);
  });

  it('stays signed out after a wrong password', async () => {
    fakeServer(() => apiError(401, 'User name or password is wrong.'));
    const session = useSession();
    await expect(session.login('ada', 'wrong', false)).rejects.toMatchObject({ status: 401 });
    expect(session.signedIn).toBe(false);
    expect(session.notice).toBe('');
  });

  it('renews the token before its end', async () => {
    vi.useFakeTimers();
    const answers = [renewed('first'), renewed('second'), renewed('third')];
    fakeServer(() => answers.shift()?.() ?? apiError(500, 'no'));
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    expect(session.token).toBe('first');
    await vi.advanceTimersByTimeAsync(40_000);
    expect(session.token).toBe('first');
    await vi.advanceTimersByTimeAsync(40_000);
    expect(session.token).toBe('second');
  });

  it('renews it later where the server is away by then, and leaves no rejection unheard', async () => {
    vi.useFakeTimers();
    const answers = [renewed('first'), () => Promise.reject(new TypeError('Failed to fetch')), renewed('second')];
    fakeServer(() => answers.shift()?.() ?? apiError(500, 'no'));
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(answers).toHaveLength(1);
    expect(session.token).toBe('first');
    await vi.advanceTimersByTimeAsync(2000);
    expect(session.token).toBe('second');
  });

  it('repeats a request that an old token was refused for, once', async () => {
    const answers = [login, () => apiError(401, 'Token is not valid.'), renewed('newer'), () => Response.json({ ok: 1 })];
    const calls = fakeServer(() => answers.shift()?.() ?? apiError(500, 'no'));
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    expect(await session.request('/api/v1/cameras')).toEqual({ ok: 1 });
    expect(calls.map(({ url }) => url.replace('/api/v1/', ''))).toEqual(['auth/login', 'cameras', 'auth/refresh', 'cameras']);
    expect(calls.at(-1)?.headers['Authorization']).toBe('Bearer newer');
  });

  it('ends when neither token nor cookie is good any more', async () => {
    let answer = login;
    fakeServer(() => answer());
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    answer = () => apiError(401, 'Token is not valid.');
    await expect(session.request('/api/v1/cameras')).rejects.toBeInstanceOf(ApiError);
    expect(session.signedIn).toBe(false);
    expect(session.notice).toContain('sign in');
  });

  it('lets no late answer to an old token end a new session', async () => {
    const session = useSession();
    fakeServer(login);
    await session.login('ada', 'one', false);
    let late = (_: Response): void => undefined;
    fakeServer(() => new Promise<Response>((resolve) => (late = resolve)));
    const old = session.request('/api/v1/cameras');
    fakeServer(() => Response.json({ token: 'newer', expiresIn: 1000, user }));
    await session.login('ada', 'two', false);
    fakeServer(() => Response.json({ items: [] }));
    late(apiError(401, 'Token is not valid.'));
    await expect(old).resolves.toEqual({ items: [] });
    expect(session.token).toBe('newer');
  });

  it('signs out at the server, too, and forgets that it was here', async () => {
    const calls = fakeServer(login);
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    await session.logout();
    expect(session.signedIn).toBe(false);
    expect(calls.at(-1)).toMatchObject({ method: 'POST', url: '/api/v1/auth/logout', headers: { Authorization: 'Bearer secret' } });
    setActivePinia(createPinia());
    expect(await useSession().restore()).toBe(false);
  });

  it('goes on with a new token after a change of password', async () => {
    const answers = [login, renewed('changed')];
    fakeServer(() => answers.shift()?.() ?? apiError(500, 'no'));
    const session = useSession();
    await session.login('ada', 'correct horse', true);
    await session.changePassword('correct horse', 'another long one');
    expect(session.token).toBe('changed');
  });
});

describe('cameras', () => {
  async function signIn(): Promise<void> {
    fakeServer(login);
    await useSession().login('ada', 'correct horse', false);
  }

  it('reads every page of the list', async () => {
    await signIn();
    const calls = fakeServer((call) =>
      call.url.includes('cursor=next')
        ? Response.json({ items: [camera('b')], nextCursor: null })
        : Response.json({ items: [camera('a')], nextCursor: 'next' }),
    );
    const cameras = useCameras();
    await cameras.refresh();
    expect(cameras.items.map(({ stream }) => stream)).toEqual(['a', 'b']);
    expect(calls.every((call) => call.headers['Authorization'] === 'Bearer secret')).toBe(true);
  });

  it('keeps the last list while the server is away and says so', async () => {
    await signIn();
    fakeServer(() => Response.json({ items: [camera('a')] }));
    const cameras = useCameras();
    await cameras.refresh();
    fakeServer(() => {
      throw new TypeError('Failed to fetch');
    });
    await cameras.refresh();
    expect(cameras.items).toHaveLength(1);
    expect(cameras.problem).toBe('The server cannot be reached.');
    fakeServer(() => Response.json({ items: [] }));
    await cameras.refresh();
    expect(cameras.problem).toBe('');
    expect(cameras.items).toHaveLength(0);
  });

  it('polls while somebody looks, once for all of them', async () => {
    await signIn();
    vi.useFakeTimers();
    const polled = fakeServer(() => Response.json({ items: [] }));
    const calls = { get length() { return polled.filter(({ url }) => url.startsWith('/api/v1/cameras')).length; } };
    const cameras = useCameras();
    const first = cameras.keepFresh();
    const second = cameras.keepFresh();
    await vi.advanceTimersByTimeAsync(20_000);
    const polls = calls.length;
    expect(polls).toBeGreaterThanOrEqual(5);
    expect(polls).toBeLessThanOrEqual(6);
    first();
    first();
    await vi.advanceTimersByTimeAsync(8000);
    expect(calls.length).toBeGreaterThan(polls);
    second();
    const stopped = calls.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calls.length).toBe(stopped);
  });
});
