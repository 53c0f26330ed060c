import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/http';
import { useCameras } from '../src/stores/cameras';
import { useSession } from '../src/stores/session';
import { apiError, fakeServer } from './fake_peer';

const user = { id: 'u1', username: 'ada', role: 'admin', permissions: [] };
const login = () => Response.json({ token: 'secret', refreshToken: 'r', expiresIn: 86400, user });
const camera = (stream: string) => ({ id: `id-${stream}`, name: stream, stream, isActive: true, streamStatus: 'offline' });

beforeEach(() => {
  sessionStorage.clear();
  setActivePinia(createPinia());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('session', () => {
  it('signs in, keeps the token for a reload, and never the password', async () => {
    const calls = fakeServer(login);
    const session = useSession();
    expect(session.signedIn).toBe(false);
    await session.login('ada', 'correct horse');
    expect(calls[0]).toMatchObject({ method: 'POST', url: '/api/v1/auth/login' });
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ username: 'ada', password: 'correct horse' });
    expect(session.token).toBe('secret');
    expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain('correct horse');

    setActivePinia(createPinia());
    expect(useSession().token).toBe('secret');
    expect(useSession().user?.username).toBe('ada');
  });

  it('stays signed out after a wrong password', async () => {
    fakeServer(() => apiError(401, 'User name or password is wrong.'));
    const session = useSession();
    await expect(session.login('ada', 'wrong')).rejects.toMatchObject({ status: 401 });
    expect(session.signedIn).toBe(false);
    expect(session.notice).toBe('');
  });

  it('ends when a request is answered 401', async () => {
    let answer = login;
    fakeServer(() => answer());
    const session = useSession();
    await session.login('ada', 'correct horse');
    answer = () => apiError(401, 'Token is not valid.');
    await expect(session.request('/api/v1/cameras')).rejects.toBeInstanceOf(ApiError);
    expect(session.signedIn).toBe(false);
    expect(session.notice).toContain('sign in');
    expect(sessionStorage.length).toBe(0);
  });

  it('lets no late answer to an old token end a new session', async () => {
    const session = useSession();
    fakeServer(login);
    await session.login('ada', 'one');
    let late = (_: Response): void => undefined;
    fakeServer(() => new Promise<Response>((resolve) => (late = resolve)));
    const old = session.request('/api/v1/cameras');
    fakeServer(() => Response.json({ token: 'newer', expiresIn: 1, user }));
    await session.login('ada', 'two');
    late(apiError(401, 'Token is not valid.'));
    await expect(old).rejects.toBeInstanceOf(ApiError);
    expect(session.token).toBe('newer');
  });

  it('ignores what others left in its storage', () => {
    for (const junk of ['{', 'null', '{"token":5}', '[]']) {
      sessionStorage.setItem('reallive.session', junk);
      setActivePinia(createPinia());
      expect(useSession().signedIn).toBe(false);
    }
  });
});

describe('cameras', () => {
  async function signIn(): Promise<void> {
    fakeServer(login);
    await useSession().login('ada', 'correct horse');
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
    const calls = fakeServer(() => Response.json({ items: [] }));
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
    expect(calls).toHaveLength(stopped);
  });
});
