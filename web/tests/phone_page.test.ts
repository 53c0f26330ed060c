import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';
import App from '../src/App.vue';
import { createPageRouter } from '../src/router';
import { type Call, created, FakePeer, fakeServer } from './fake_peer';
import { signIn, signOut } from './signed_in';
import { fakeAudio, FakeDevices, type FakeTrack } from './fake_media';

const user = { id: 'u1', username: 'ada', role: 'admin', permissions: [] };
const camera = (name: string, url: string) => ({
  id: name, name, stream: name.toLowerCase(), isActive: true, streamStatus: 'offline', source: { url },
});

let page: VueWrapper;
let devices: FakeDevices;

interface Sender {
  kind: string;
  track: FakeTrack | null;
  replaced: (FakeTrack | null)[];
  encodings: RTCRtpEncodingParameters[];
}

class Sending extends FakePeer {
  senders: Sender[] = [];
  addTransceiver = vi.fn((what: FakeTrack | string, init: RTCRtpTransceiverInit) => {
    const sender: Sender = {
      kind: typeof what === 'string' ? what : what.kind,
      track: typeof what === 'string' ? null : what,
      replaced: [],
      encodings: init.sendEncodings ?? [],
    };
    this.senders.push(sender);
    return {
      setCodecPreferences: () => undefined,
      sender: {
        replaceTrack: (track: FakeTrack | null) => Promise.resolve(void sender.replaced.push(track)),
        getParameters: () => ({ encodings: sender.encodings }),
        setParameters: () => Promise.resolve(),
      },
    };
  });
  static get now(): Sending {
    return FakePeer.last as Sending;
  }
  of(kind: string): Sender {
    const found = this.senders.find((sender) => sender.kind === kind);
    if (!found) throw new Error(`no ${kind} is sent`);
    return found;
  }
}

function serve(answer: (call: Call) => Response): Call[] {
  return fakeServer((call) => {
    if (call.url.startsWith('/api/v1/cameras')) {
      return Response.json({ items: [camera('Pocket', 'publish'), camera('Door', 'rtsp://x')], nextCursor: null });
    }
    return answer(call);
  });
}

function refuse(status: number, code: string): Response {
  return Response.json({ error: { code, message: 'The server’s own words.' } }, { status });
}

async function open(path: string): Promise<void> {
  const pinia = createPinia();
  setActivePinia(pinia);
  const router = createPageRouter(createMemoryHistory());
  await router.push(path);
  page = mount(App, { global: { plugins: [pinia, router] }, attachTo: document.body });
  await flushPromises();
}

const press = async (label: string) => {
  await page.get(`button[aria-label="${label}"]`).trigger('click');
  await flushPromises();
};
const state = () => page.get('[data-phone] [data-state]').attributes('data-state');
const notice = () => page.get('[data-notice]').attributes('data-notice');
const target = '/phone#stream=pocket&key=the-key';

async function goLive(): Promise<void> {
  await press('Start the camera');
  await vi.waitFor(() => expect(FakePeer.made).not.toHaveLength(0));
  await flushPromises();
  FakePeer.last.become('connected');
  await flushPromises();
}

beforeEach(() => {
  sessionStorage.clear();
  signOut();
  localStorage.clear();
  FakePeer.made = [];
  devices = new FakeDevices([
    { id: 'front', label: 'Front', facing: 'user' },
    { id: 'back', label: 'Back', facing: 'environment' },
  ]);
  fakeAudio();
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', { mediaDevices: devices.asDevices(), userAgent: 'test', languages: ['en'] });
  vi.stubGlobal('RTCPeerConnection', Sending);
  vi.stubGlobal('RTCRtpSender', { getCapabilities: () => null });
  vi.stubGlobal('MediaStream', class {});
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
});
afterEach(() => {
  page.unmount();
  vi.unstubAllGlobals();
});

describe('the phone page', () => {
  it('publishes with the link’s key and without an account', async () => {
    const calls = serve(() => created('/whip/pocket/1'));
    await open(target);
    expect(state()).toBe('idle');
    await goLive();
    expect(state()).toBe('live');
    const offer = calls.find(({ method }) => method === 'POST');
    expect(offer).toMatchObject({ url: '/whip/pocket', headers: { Authorization: 'Bearer the-key' } });
    expect(Sending.now.of('video').track?.settings['deviceId']).toBe('back');
    expect(calls.some(({ url }) => url.includes('the-key'))).toBe(false);
  });

  it('switches cameras inside the session', async () => {
    const calls = serve(() => created('/whip/pocket/1'));
    await open(target);
    await goLive();
    await press('Switch to the other camera');
    expect(Sending.now.of('video').replaced.at(-1)?.settings['deviceId']).toBe('front');
    expect(calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(JSON.parse(localStorage.getItem('reallive.phone') ?? '{}')).toMatchObject({ cameraId: 'front', facing: 'user' });
  });

  it('turns the microphone off and on inside the session', async () => {
    serve(() => created('/whip/pocket/1'));
    await open(target);
    await goLive();
    const voice = Sending.now.of('audio').track;
    await press('Turn the microphone off');
    expect(voice?.readyState).toBe('ended');
    expect(Sending.now.of('audio').replaced.at(-1)).not.toBe(voice);
    await press('Turn the microphone on');
    expect(devices.held('audio')).toBe(1);
  });

  it('lets everything go when stopped', async () => {
    const calls = serve(() => created('/whip/pocket/1'));
    await open(target);
    await goLive();
    await press('Stop the camera');
    expect(state()).toBe('idle');
    expect(devices.held('video') + devices.held('audio')).toBe(0);
    expect(calls.at(-1)).toMatchObject({ method: 'DELETE', headers: { Authorization: 'Bearer the-key' } });
  });

  it('goes on by itself after a reload in the middle', async () => {
    serve(() => created('/whip/pocket/1'));
    sessionStorage.setItem('reallive.phone.running', 'pocket');
    await open(target);
    await vi.waitFor(() => expect(FakePeer.made).toHaveLength(1));
    await press('Stop the camera');
    expect(sessionStorage.length).toBe(0);
  });

  it.each([
    [409, 'STREAM_ALREADY_PUBLISHED', 'taken'],
    [403, 'CAMERA_INACTIVE', 'inactive'],
    [401, 'AUTH_TOKEN_INVALID', 'key'],
    [404, 'CAMERA_NOT_FOUND', 'missing'],
    [422, 'NO_COMMON_CODEC', 'server'],
  ])('says what %i %s means', async (status, code, kind) => {
    serve(() => refuse(status, code));
    await open(target);
    await press('Start the camera');
    await vi.waitFor(() => expect(notice()).toBe(kind));
    if (kind === 'server') expect(page.text()).toContain('The server’s own words.');
    expect(devices.held('video')).toBe(1);
  });

  it('tries again with a tap after a wrong key', async () => {
    let answer = () => refuse(401, 'AUTH_TOKEN_INVALID');
    serve(() => answer());
    await open(target);
    await press('Start the camera');
    await vi.waitFor(() => expect(notice()).toBe('key'));
    answer = () => created('/whip/pocket/1');
    await page.get('[data-notice] button').trigger('click');
    await flushPromises();
    FakePeer.last.become('connected');
    await flushPromises();
    expect(state()).toBe('live');
  });

  it('explains a camera that is refused, and asks again', async () => {
    serve(() => created('/whip/pocket/1'));
    devices.refusal.video = 'NotAllowedError';
    await open(target);
    await press('Start the camera');
    expect(notice()).toBe('refused');
    expect(FakePeer.made).toHaveLength(0);
    devices.refusal = {};
    await page.get('[data-notice] button').trigger('click');
    await vi.waitFor(() => expect(FakePeer.made).toHaveLength(1));
  });

  it('leads to the secure address where the page is not secure', async () => {
    serve(() => created());
    vi.stubGlobal('isSecureContext', false);
    vi.stubGlobal('navigator', { userAgent: 'test', languages: ['en'] });
    await open(target);
    expect(notice()).toBe('insecure');
    const links = page.findAll('[data-notice] a').map((link) => link.attributes('href'));
    expect(links).toEqual(['https://localhost:8443/phone#stream=pocket&key=the-key', '/trust']);
  });

  it('says that the camera was taken away, and is live only with a picture', async () => {
    serve(() => created('/whip/pocket/1'));
    await open(target);
    await goLive();
    devices.refusal.video = 'NotReadableError';
    devices.last.end();
    await flushPromises();
    expect(state()).toBe('lost');
    expect(Sending.now.of('video').replaced.at(-1)).toBeNull();
  });
});

describe('a phone page without a camera in its link', () => {
  it('asks to sign in', async () => {
    serve(() => created());
    await open('/phone#stream=pocket');
    expect(page.get('main a.button').attributes('href')).toContain('/login?next=');
  });

  it('offers the cameras that take a phone', async () => {
    signIn(user);
    serve(() => created());
    await open('/phone');
    await vi.waitFor(() => expect(page.findAll('li a')).toHaveLength(1));
    expect(page.get('li a').attributes('href')).toBe('/phone#stream=pocket');
  });

  it('publishes in the user’s name, also from the old address', async () => {
    signIn(user);
    const calls = serve(() => created('/whip/pocket/1'));
    await open('/publish/pocket');
    await goLive();
    expect(calls.find(({ url }) => url === '/whip/pocket')?.headers['Authorization']).toBe('Bearer secret');
  });
});
