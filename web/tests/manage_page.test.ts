import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory, type Router } from 'vue-router';
import App from '../src/App.vue';
import { best } from '../src/cameras/reach';
import { stateHint, stateOf } from '../src/cameras/state';
import { createPageRouter } from '../src/router';
import { type Call, fakeServer } from './fake_peer';
import { signIn, signOut } from './signed_in';

const me = { id: 'u1', username: 'ada', role: 'admin', permissions: [] };
const person = (id: string, username: string, role: string) => ({
  id, username, role, email: null, isActive: true, createdAt: '2026-11-01T00:00:00.000Z',
});
const door = {
  id: 'c1', name: 'Door', stream: 'door', company: null, model: null, serialNumber: null, location: null, place: null,
  resolution: '1080p', source: { url: 'rtsp://***@10.0.0.7/live', transport: 'auto', onDemand: true, transcode: 'never' },
  isActive: true, isPublic: false, streamStatus: 'offline', ownerId: 'u1', streamKey: 'k', createdAt: '', updatedAt: '',
};
const setting = (key: string, type: string, value: unknown, rest = {}) => ({
  key, type, value, default: value, origin: 'default', applies: 'now', description: `About ${key}.`, ...rest,
});

type Route = (call: Call) => Response | undefined;

let page: VueWrapper;
let mounted = false;
let router: Router;
let calls: Call[];

/** A server that knows the lists; `route` answers what a test is about. */
async function open(path: string, route: Route = () => undefined, role = 'admin'): Promise<void> {
  signIn({ ...me, role });
  calls = fakeServer((call) => {
    const answer = route(call);
    if (answer) return answer;
    if (/\/users\?/.test(call.url)) return Response.json({ items: [person('u1', 'ada', 'admin'), person('u2', 'bob', 'viewer')] });
    if (/\/cameras\?/.test(call.url)) return Response.json({ items: [door] });
    if (call.method === 'GET' && call.url.endsWith('/cameras/c1')) return Response.json(door);
    if (call.url.endsWith('/addresses')) {
      return Response.json({ http: [], https: ['https://10.0.0.2:8443/'], publicUrl: null, caUrl: '/ca.crt' });
    }
    if (/\/(sessions|invitations)\?/.test(call.url)) return Response.json({ items: [] });
    return Response.json({ error: { code: 'NOT_FOUND', message: 'There is no such thing.' } }, { status: 404 });
  });
  const pinia = createPinia();
  setActivePinia(pinia);
  router = createPageRouter(createMemoryHistory());
  await router.push(path);
  page = mount(App, { global: { plugins: [pinia, router] }, attachTo: document.body });
  mounted = true;
  await flushPromises();
}

const sent = (method: string, ending: string) => calls.filter((call) => call.method === method && call.url.endsWith(ending));
const body = (call: Call | undefined) => JSON.parse(call?.body ?? '{}') as unknown;
function field(label: string): ReturnType<VueWrapper['get']> {
  const found = page.findAll('label').find((one) => one.text().startsWith(label));
  if (!found) throw new Error(`no field ${label}`);
  return page.get(`[id="${found.attributes('for')}"]`);
}
function buttonOf(text: string): ReturnType<VueWrapper['get']> {
  const found = page.findAll('button').find((one) => one.text() === text);
  if (!found) throw new Error(`no button ${text}; there are: ${page.findAll('button').map((one) => one.text()).join(', ')}`);
  return found;
}
async function press(text: string): Promise<void> {
  await buttonOf(text).trigger('click');
  await flushPromises();
}
async function submit(): Promise<void> {
  await page.get('form').trigger('submit');
  await flushPromises();
}
/** Opens a row's menu and chooses from it. */
async function choose(menu: string, item: string): Promise<void> {
  await page.get(`button[aria-label="${menu}"]`).trigger('click');
  await flushPromises();
  const entry = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((one) => one.textContent?.trim() === item);
  if (!entry) throw new Error(`no item ${item}`);
  entry.click();
  await flushPromises();
}
const wait = () => vi.dynamicImportSettled().then(flushPromises);

beforeEach(() => {
  signOut();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});
afterEach(() => {
  if (mounted) page.unmount();
  mounted = false;
  vi.unstubAllGlobals();
});

describe('the state of a camera', () => {
  it('is a word that says what to expect', () => {
    const idle = { isActive: true, streamStatus: 'online', status: 'online', source: { url: 'rtsp://x' } } as const;
    expect(stateOf({ ...idle, isActive: false })).toBe('inactive');
    expect(stateOf(idle)).toBe('waiting');
    expect(stateOf({ ...idle, status: 'streaming' })).toBe('online');
    expect(stateOf({ ...idle, streamStatus: 'error', status: 'offline' })).toBe('error');
    const silent = { ...idle, streamStatus: 'offline', status: 'offline' } as const;
    expect(stateOf(silent)).toBe('offline');
    expect(stateHint(silent)).toContain('no answer');
    expect(stateHint({ ...silent, streamStatus: 'error' })).toContain('what is wrong');
    expect(stateHint({ ...silent, source: { url: 'publish' } })).toContain('phone');
  });
});

describe('the address for another device', () => {
  const told = { publicUrl: null, https: ['https://10.0.0.2:8443/'], http: ['http://10.0.0.2:8080/'] };
  it('is secure and not this computer’s own where there is one', () => {
    expect(best('http://127.0.0.1:8080/', told)).toEqual({ base: 'https://10.0.0.2:8443/', secure: true, local: false });
    expect(best('https://cam.lan/', told).base).toBe('https://cam.lan/');
    expect(best('https://cam.lan/', { ...told, publicUrl: 'https://cam.example.org/' }).base).toBe('https://cam.example.org/');
  });
  it('says what is wrong with the best there is', () => {
    expect(best('http://10.0.0.2:8080/', null)).toMatchObject({ secure: false, local: false });
    expect(best('http://localhost:8080/', { publicUrl: null, https: [], http: [] })).toMatchObject({ local: true });
  });
});

describe('the wizard', () => {
  const tried = (answer: object) => (call: Call) => (call.url.endsWith('/cameras/test') ? Response.json(answer) : undefined);
  async function fillIn(route: Route): Promise<void> {
    await open('/cameras/new?kind=rtsp', route);
    await wait();
    await field('Name').setValue('Gate');
    await field('Address').setValue('admin:p@ss@10.0.0.9/live');
    await field('Address').trigger('blur');
    await flushPromises();
  }

  it('tests a camera and shows its picture', async () => {
    const picture = 'data:image/jpeg;base64,AAAA';
    await fillIn(tried({ ok: true, code: 'ok', message: '', video: { codec: 'H.264', width: 1920, height: 1080, fps: 25 }, audio: null, picture, elapsedMs: 820 }));
    await press('Test this camera');
    expect(body(sent('POST', '/cameras/test')[0])).toEqual({ source: { url: 'rtsp://admin:p%40ss@10.0.0.9/live', transport: 'auto' } });
    expect(page.get('[data-code] img').attributes('src')).toBe(picture);
    expect(page.get('[data-code]').text()).toContain('H.264, 1920 × 1080, 25 frames/s · no sound · answered in 0.8 s');
  });

  it.each(['password_refused', 'no_answer', 'not_found', 'no_video', 'not_allowed', 'unsupported', 'failed', 'something new'])(
    'says in words what %s means',
    async (code) => {
      await fillIn(tried({ ok: false, code, message: 'What the camera said.', video: null, audio: null, picture: null, elapsedMs: 1 }));
      await press('Test this camera');
      const banner = page.get(`[data-code="${code}"]`);
      expect(banner.text()).toContain('What the camera said.');
      expect(banner.text().length).toBeGreaterThan(60);
      expect(buttonOf('Add it all the same').attributes('type')).toBe('submit');
      await field('Address').setValue('rtsp://10.0.0.10/live');
      expect(page.find('[data-code]').exists()).toBe(false);
    },
  );

  it('adds it, and puts the server’s complaint where it belongs', async () => {
    let refuse = true;
    await fillIn((call) => {
      if (call.method !== 'POST') return undefined;
      if (!refuse) return Response.json({ ...door, name: 'Gate' }, { status: 201 });
      const error = { code: 'VALIDATION_FAILED', message: 'Not this host.', details: { field: 'source.url' } };
      return Response.json({ error }, { status: 400 });
    });
    await submit();
    expect(page.get('[role=alert]').text()).toBe('Not this host.');
    refuse = false;
    await submit();
    expect(body(sent('POST', '/cameras')[1])).toEqual({
      name: 'Gate',
      source: { url: 'rtsp://admin:p%40ss@10.0.0.9/live', transport: 'auto', onDemand: true },
    });
    expect(page.get('h1').text()).toBe('“Gate” was added');
  });

  it('ends with a code to scan for a phone', async () => {
    await open('/cameras/new?kind=phone', (call) => (call.method === 'POST' ? Response.json({ ...door, streamKey: 'the-key' }, { status: 201 }) : undefined));
    await wait();
    await field('Name').setValue('Pocket');
    await submit();
    expect(page.get('[data-phone-invite] svg[role=img]').attributes('aria-label')).toContain('QR code');
    await page.get('button[aria-label="Show: Link for the phone"]').trigger('click');
    expect(page.get('[role=group]').text()).toBe('https://10.0.0.2:8443/phone#stream=door&key=the-key');
  });

  it('offers launch lines to administrators only', async () => {
    await open('/cameras/new', undefined, 'operator');
    await wait();
    expect(page.findAll('input[name=kind]').map((one) => one.attributes('value'))).not.toContain('launch');
  });
});

describe('editing a camera', () => {
  it('sends only what was changed, and nothing when nothing was', async () => {
    await open('/cameras/c1', (call) => (call.method === 'PUT' ? Response.json({ ...door, name: 'Gate' }) : undefined));
    await wait();
    await submit();
    expect(sent('PUT', '/cameras/c1')).toHaveLength(0);
    const bar = () => page.get('[data-save]');
    expect(bar().text()).toBe('Save');
    await field('Name').setValue('Door with a hat');
    expect(bar().text()).toBe('SaveDiscard1 change');
    await press('Discard');
    expect((field('Name').element as HTMLInputElement).value).toBe('Door');
    expect(bar().text()).toBe('Save');
    await field('Name').setValue('Gate');
    await submit();
    expect(body(sent('PUT', '/cameras/c1')[0])).toEqual({ name: 'Gate' });
    expect(page.get('h1').text()).toBe('Gate');
  });

  it('tests the stored address with its stored password', async () => {
    await open('/cameras/c1');
    await wait();
    await press('Test this camera');
    expect(body(sent('POST', '/cameras/test')[0])).toEqual({ source: { url: 'rtsp://***@10.0.0.7/live', transport: 'auto' }, cameraId: 'c1' });
  });

  it('makes a new key after asking', async () => {
    const pocket = { ...door, source: { ...door.source, url: 'publish' } };
    await open('/cameras/c1', (call) => {
      if (call.method === 'GET' && call.url.endsWith('/cameras/c1')) return Response.json(pocket);
      return call.url.endsWith('/stream-key') ? Response.json({ ...pocket, streamKey: 'newer' }) : undefined;
    });
    await wait();
    await press('New stream key');
    expect(sent('POST', '/stream-key')).toHaveLength(0);
    await press('Make a new key');
    expect(sent('POST', '/cameras/c1/stream-key')).toHaveLength(1);
    await page.get('button[aria-label="Show: Link for the phone"]').trigger('click');
    expect(page.get('[data-phone-invite] [role=group]').text()).toContain('key=newer');
  });

  it('says how its pictures come, and warns of those that browsers cannot show well', { timeout: 20_000 }, async () => {
    let status: object = { viewerCount: 1, latencyMs: 41.6, droppedFrames: 3, bFrames: true, captureTime: 'sender' };
    const route: Route = (call) => (call.url.endsWith('/status') ? Response.json(status) : undefined);
    await open('/cameras/c1', route);
    await vi.waitFor(() => expect(page.find('[data-facts]').exists()).toBe(true), 4000);
    expect(page.get('[data-facts]').text()).toContain('pictures come 42 ms after they were made · 3 pictures lost');
    expect(page.text()).toContain('This camera sends B-frames');
    page.unmount();
    status = { viewerCount: 1, latencyMs: null, droppedFrames: 0, bFrames: null, captureTime: 'arrival' };
    await open('/cameras/c1', route);
    await vi.waitFor(() => expect(page.find('[data-facts]').exists()).toBe(true), 4000);
    expect(page.get('[data-facts]').text()).toBe('1 viewer · time stamps of arrival here');
    expect(page.text()).not.toContain('B-frames');
  });

  it('shows who is connected and ends a session', async () => {
    const viewing = { id: 's1', cameraId: 'c1', kind: 'view', protocol: 'webrtc', startTime: '2026-11-21T10:00:00Z', status: 'active', remoteAddress: '10.0.0.5', userAgent: '', userId: 'u2', bytes: 1 };
    const mine = { ...viewing, id: 's2', userId: 'u1', protocol: 'webrtc-p2p' };
    const stranger = { ...viewing, id: 's3', kind: 'publish', userId: null };
    await open('/cameras/c1', (call) => (call.url.includes('/sessions?') ? Response.json({ items: [viewing, mine, stranger] }) : undefined));
    await wait();
    const told = page.findAll('[data-session]').map((one) => one.text().replace(/since [\d:]+( [AP]M)?/, 'since then'));
    expect(told[0]).toContain('bob watchesWebRTC · since then · 10.0.0.5');
    expect(told[1]).toContain('ada watchesWebRTC, peer to peer · since then');
    expect(told[2]).toMatch(/^10\.0\.0\.5 publishesWebRTC · since thenEnd/);
    await page.get('button[aria-label="End the session of bob"]').trigger('click');
    await flushPromises();
    expect(sent('DELETE', '/sessions/s1')).toHaveLength(1);
  });
});

describe('users', () => {
  it('invites by a link that names the best address and hides its token behind #', async () => {
    await open('/users', (call) =>
      call.method === 'POST'
        ? Response.json({ id: 'i1', role: 'operator', token: 'tok', url: 'http://127.0.0.1/invite#tok', expiresAt: '2027-01-01T00:00:00Z' }, { status: 201 })
        : undefined,
    );
    await wait();
    await press('Invite somebody');
    await page.get('input[value=operator]').setValue();
    await press('Make the link');
    expect(body(sent('POST', '/invitations')[0])).toEqual({ role: 'operator', expiresInHours: 72 });
    expect(page.get('dialog [role=group]').text()).toBe('https://10.0.0.2:8443/invite#tok');
  });

  it('says that invitations are useless while registration is closed', async () => {
    await open('/users', (call) =>
      call.url.endsWith('/info') ? Response.json({ name: 'RealLive', version: '1', setupNeeded: false, registration: 'closed' }) : undefined,
    );
    await wait();
    await press('Invite somebody');
    await flushPromises();
    expect(page.get('dialog [role=alert]').text()).toContain('auth.registration');
  });

  it('asks before somebody is disabled or removed', async () => {
    await open('/users', (call) => (call.method === 'PUT' ? Response.json(person('u2', 'bob', 'viewer')) : undefined));
    await wait();
    await choose('Actions for bob', 'Disable');
    expect(sent('PUT', '/users/u2')).toHaveLength(0);
    await press('Disable account');
    expect(body(sent('PUT', '/users/u2')[0])).toEqual({ isActive: false });
    await choose('Actions for bob', 'Remove');
    await press('Remove account');
    expect(sent('DELETE', '/users/u2')).toHaveLength(1);
  });

  it('says why a password is not taken', async () => {
    await open('/users', (call) =>
      call.method === 'PUT' ? Response.json({ error: { code: 'VALIDATION_FAILED', message: 'it is in a dictionary' } }, { status: 400 }) : undefined,
    );
    await wait();
    await choose('Actions for bob', 'Set a new password');
    await field('New password').setValue('password12');
    await page.get('#new-password').trigger('submit');
    await flushPromises();
    expect(page.get('dialog [role=alert]').text()).toBe('It is in a dictionary.');
  });

  it('offers nobody to disable or remove themselves', async () => {
    await open('/users');
    await wait();
    await page.get('button[aria-label="Actions for ada"]').trigger('click');
    await flushPromises();
    const items = [...document.querySelectorAll('[role=menuitem]')].map((one) => one.textContent?.trim());
    expect(items).toEqual(['Change role', 'Change password']);
  });
});

describe('settings', () => {
  const items = [
    setting('http.public_url', 'string', ''),
    setting('auth.token_hours', 'integer', 24),
    setting('log.level', 'choice', 'info', { choices: ['debug', 'info'], origin: 'command' }),
  ];
  it('saves what was changed, and shows the server’s complaint at its setting', async () => {
    await open('/settings', (call) => {
      if (!call.url.endsWith('/settings')) return undefined;
      if (call.method === 'GET') return Response.json({ items });
      return Response.json({ error: { code: 'VALIDATION_FAILED', message: 'Not an address.', details: { key: 'http.public_url' } } }, { status: 400 });
    });
    await wait();
    await field('auth.token_hours').setValue('soon');
    await submit();
    expect(page.get('[data-setting="auth.token_hours"] [role=alert]').text()).toBe('This must be a whole number.');
    expect(sent('PUT', '/settings')).toHaveLength(0);
    await field('auth.token_hours').setValue('12');
    await field('http.public_url').setValue('here');
    await submit();
    expect(body(sent('PUT', '/settings')[0])).toEqual({ 'http.public_url': 'here', 'auth.token_hours': 12 });
    expect(page.get('[data-setting="http.public_url"] [role=alert]').text()).toBe('Not an address.');
    expect(field('log.level').attributes('disabled')).toBeDefined();
  });

  it('are the administrator’s; everybody has their own', async () => {
    await open('/settings', undefined, 'viewer');
    await wait();
    expect(page.text()).toContain('Appearance');
    expect(sent('GET', '/settings')).toHaveLength(0);
    expect(page.get('a[download]').attributes('href')).toBe('/ca.crt');
  });
});
