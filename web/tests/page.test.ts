import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory, type Router } from 'vue-router';
import App from '../src/App.vue';
import { createPageRouter, safeNext } from '../src/router';
import { useSession } from '../src/stores/session';
import { apiError, type Call, cookie, created, FakePeer, fakeServer } from './fake_peer';
import { canWatch } from './fake_viewing';
import { signIn, signOut } from './signed_in';

const user = { id: 'u1', username: 'ada', role: 'admin', permissions: [] };
const door = { id: 'id-1', name: 'Front door', stream: 'front-door', isActive: true, streamStatus: 'offline' };

let page: VueWrapper;
let router: Router;

async function open(path: string): Promise<void> {
  const pinia = createPinia();
  setActivePinia(pinia);
  router = createPageRouter(createMemoryHistory());
  await router.push(path);
  page = mount(App, { global: { plugins: [pinia, router] }, attachTo: document.body });
  await flushPromises();
}

function serve(whep: () => Response, camera = door): Call[] {
  return fakeServer((call) => {
    if (call.url.startsWith('/api/v1/auth/login')) return Response.json({ token: 'secret', expiresIn: 86400, user });
    if (call.url.startsWith('/api/v1/cameras')) return Response.json({ items: [camera], nextCursor: null });
    return whep();
  });
}

beforeEach(() => {
  signOut();
  canWatch();
});
afterEach(() => {
  page.unmount();
  vi.unstubAllGlobals();
});

describe('login', () => {
  it('comes first, and leads where the user was going', async () => {
    serve(() => apiError(409, 'Nobody publishes.'));
    await open('/watch/front-door');
    expect(router.currentRoute.value.name).toBe('login');
    await page.get('input[name=username]').setValue(' ada ');
    await page.get('input[name=password]').setValue('correct horse');
    await page.get('form').trigger('submit');
    await flushPromises();
    // The viewer is loaded when it is first visited.
    await vi.waitFor(() => expect(page.find('h1').text()).toBe('Front door'), 10_000);
    expect(router.currentRoute.value.fullPath).toBe('/watch/front-door');
  });

  it('says that the password is wrong', async () => {
    fakeServer(() => apiError(401, 'no'));
    await open('/login');
    await page.get('input[name=username]').setValue('ada');
    await page.get('input[name=password]').setValue('wrong');
    await page.get('form').trigger('submit');
    await flushPromises();
    expect(page.get('[role=alert]').text()).toBe('User name or password is wrong.');
    const field = page.get<HTMLInputElement>('input[name=password]').element;
    expect(field.value).toBe('');
    expect(document.activeElement).toBe(field);
  });

  it('never sends anyone to another site', () => {
    expect(safeNext('/watch/a')).toBe('/watch/a');
    for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', undefined, ['/a']]) {
      expect(safeNext(bad)).toBe('/');
    }
  });
});

describe('adding a camera', () => {
  for (const role of ['admin', 'operator', 'viewer', 'api_only']) {
    it(`is ${role === 'admin' || role === 'operator' ? '' : 'not '}for the role ${role}`, { timeout: 20_000 }, async () => {
      const may = role === 'admin' || role === 'operator';
      signIn({ ...user, role });
      serve(() => apiError(409, 'Nobody publishes.'));
      await open('/cameras/new?kind=phone');
      expect(router.currentRoute.value.name).toBe(may ? 'camera-new' : 'cameras');
      await router.push('/phone');
      await vi.waitFor(() => expect(page.text()).toContain('You have no camera that takes a phone yet.'), 10_000);
      expect(page.text().includes('Add a camera')).toBe(may);
      expect(page.find('a[href*="/cameras/new"]').exists()).toBe(may);
    });
  }
});

describe('grid', () => {
  it('plays each camera, muted until its sound is asked for', async () => {
    signIn();
    const calls = serve(() => created());
    await open('/');
    await flushPromises();
    expect(calls.some((call) => call.method === 'POST' && call.url === '/whep/front-door')).toBe(true);
    FakePeer.last.become('connected');
    await flushPromises();
    expect(page.get('[data-state]').attributes('data-state')).toBe('live');
    const video = page.get('video').element;
    expect(video.muted).toBe(true);
    await page.get('button[aria-label="Turn on the sound of Front door"]').trigger('click');
    expect(video.muted).toBe(false);
    await page.get('button[aria-label="Turn off the sound of Front door"]').trigger('click');
    expect(video.muted).toBe(true);
  });

  it('says that a camera is offline, in the server’s words', async () => {
    signIn();
    serve(() => apiError(409, 'Nobody publishes to this stream.'));
    await open('/');
    await flushPromises();
    expect(page.get('[data-state]').text()).toBe('Offline');
    expect(page.get('[data-hint]').text()).toBe('Nobody publishes to this stream.');
  });

  it('calls a camera that has a problem by the word that the list of cameras has', async () => {
    signIn();
    serve(() => apiError(409, 'password refused'), { ...door, streamStatus: 'error' });
    await open('/');
    await flushPromises();
    expect(page.get('[data-state]').text()).toBe('Problem');
    expect(page.get('[data-hint]').text()).toBe('Password refused.');
  });

  it('leads to login when a viewing is answered 401', async () => {
    signIn();
    serve(() => {
      cookie.user = null;
      return apiError(401, 'Token is not valid.');
    });
    await open('/');
    await flushPromises();
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe('login'));
    expect(useSession().signedIn).toBe(false);
    expect(page.text()).toContain('Your session has ended');
  });

  it('ends every viewing when the user signs out', async () => {
    signIn();
    const calls = serve(() => created());
    await open('/');
    await flushPromises();
    await page.get('button[aria-haspopup=menu]').trigger('click');
    await flushPromises();
    const items = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')];
    items.find((item) => item.textContent?.trim() === 'Sign out')?.click();
    await flushPromises();
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe('login'));
    const ending = calls.find((call) => call.method === 'DELETE' && call.url.endsWith('/whep/door/42'));
    expect(ending?.headers).toMatchObject({ Authorization: 'Bearer secret' });
    expect(FakePeer.last.closed).toBe(true);
  });

  it('lets one camera be heard at a time', async () => {
    signIn();
    fakeServer((call) =>
      call.url.startsWith('/api/v1/cameras')
        ? Response.json({ items: [door, { ...door, id: 'id-2', name: 'Garden', stream: 'garden' }] })
        : created(),
    );
    await open('/');
    for (const peer of FakePeer.made) peer.become('connected');
    await flushPromises();
    const silent = () => page.findAll('video').map((video) => video.element.muted);
    expect(silent()).toEqual([true, true]);
    await page.get('button[aria-label="Turn on the sound of Front door"]').trigger('click');
    await page.get('button[aria-label="Turn on the sound of Garden"]').trigger('click');
    expect(silent()).toEqual([true, false]);
    await page.get('button[aria-label="Turn off all sound"]').trigger('click');
    expect(silent()).toEqual([true, true]);
  });

  it('shows a play button where the browser will not play by itself', async () => {
    signIn();
    vi.spyOn(HTMLMediaElement.prototype, 'play').mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    serve(() => created());
    await open('/');
    FakePeer.last.become('connected');
    await flushPromises();
    const button = page.get('button[aria-label="Play Front door"]');
    vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
    await button.trigger('click');
    await flushPromises();
    expect(page.find('button[aria-label="Play Front door"]').exists()).toBe(false);
  });

  it('says in the server’s words what the browser cannot play', async () => {
    signIn();
    serve(() => apiError(422, 'This browser cannot play H.265.'));
    await open('/');
    await flushPromises();
    expect(page.get('[data-state]').attributes('data-state')).toBe('refused');
    expect(page.get('[data-hint]').text()).toBe('This browser cannot play H.265.');
  });

  it('tells how to add a first camera', async () => {
    signIn();
    fakeServer(() => Response.json({ items: [] }));
    await open('/');
    await flushPromises();
    expect(page.text()).toContain('No cameras yet');
    expect(page.findAll('main a').map((link) => link.attributes('href'))).toEqual(['/cameras/new', '/phone']);
  });
});
