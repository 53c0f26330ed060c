import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory, type Router } from 'vue-router';
import App from '../src/App.vue';
import { snapshotName } from '../src/components/snapshot';
import { createPageRouter } from '../src/router';
import { created, FakePeer, fakeServer } from './fake_peer';
import { canWatch, FakeStream } from './fake_viewing';
import { signIn } from './signed_in';

const camera = (name: string, more = {}) => ({
  id: `id-${name}`,
  name,
  stream: name.toLowerCase(),
  isActive: true,
  streamStatus: 'online',
  ...more,
});

let page: VueWrapper;
let router: Router;
let catchingUp = false;

async function open(path: string): Promise<void> {
  fakeServer((call) => {
    if (call.url.endsWith('/status')) return Response.json({ status: 'online', captureTime: 'sender', startMs: 321 });
    if (call.url.startsWith('/api/v1/cameras')) return Response.json({ items: [camera('A'), camera('B'), camera('C')] });
    if (call.url.endsWith('/api/v1/sessions/7')) return Response.json({ catchingUp });
    return created('/whep/door/42', { Link: '</api/v1/sessions/7>; rel="status"' });
  });
  router = createPageRouter(createMemoryHistory());
  await router.push(path);
  page = mount(App, { global: { plugins: [router] }, attachTo: document.body });
  await flushPromises();
}

const press = async (key: string) => {
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await flushPromises();
};

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  signIn();
  catchingUp = false;
  canWatch();
});
afterEach(() => {
  page.unmount();
  vi.unstubAllGlobals();
});

describe('viewer', () => {
  it('plays its sound from an audio element of its own, and remembers that it was on', async () => {
    await open('/watch/a');
    FakePeer.last.become('connected');
    await flushPromises();
    const audio = page.get('audio').element;
    expect(page.get('video').element.muted).toBe(true);
    expect(audio.muted).toBe(true);
    await press('m');
    expect(audio.muted).toBe(false);
    expect((audio.srcObject as unknown as FakeStream).getAudioTracks()).toHaveLength(1);
    await press('ArrowDown');
    expect(audio.volume).toBeCloseTo(0.9);
    expect(JSON.parse(localStorage.getItem('reallive.sound') ?? '')).toEqual({ on: true, volume: 0.9 });
    expect(page.get('button[aria-label="Turn off the sound"]').attributes('aria-pressed')).toBe('true');
  });

  it('turns the sound off again where the browser wants a click first', async () => {
    localStorage.setItem('reallive.sound', '{"on":true,"volume":1}');
    vi.spyOn(HTMLAudioElement.prototype, 'play').mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    await open('/watch/a');
    FakePeer.last.become('connected');
    await flushPromises();
    expect(page.get('button[aria-label="Turn on the sound"]').attributes('aria-pressed')).toBe('false');
  });

  it('goes to its neighbours, round and round', async () => {
    await open('/watch/a');
    await press('ArrowRight');
    expect(router.currentRoute.value.params['stream']).toBe('b');
    await press('ArrowLeft');
    await press('ArrowLeft');
    expect(router.currentRoute.value.params['stream']).toBe('c');
    expect(page.get('h1').text()).toBe('C');
    expect(page.get('nav[aria-label="Other cameras"] [aria-current=page]').text()).toBe('C');
  });

  it.each(['/watch/a', '/'])('says while old pictures are caught up with, on %s', { timeout: 20_000 }, async (path) => {
    catchingUp = true;
    await open(path);
    const regions = page.findAll('[role=status]').map(({ element }) => element);
    FakePeer.last.become('connected');
    await flushPromises();
    page.findAll('video').at(-1)?.element.dispatchEvent(new Event('loadeddata'));
    await vi.waitFor(() => expect(page.find('[data-catching-up]').exists()).toBe(true), 8000);
    const chip = page.get('[data-catching-up]').element;
    expect(chip.textContent).toMatch(/^Catching up.*a little old/);
    // Screen readers tell what changes in a region that they know.
    expect(regions).toContain(chip.closest('[role=status]'));
    catchingUp = false;
    await vi.waitFor(() => expect(page.find('[data-catching-up]').exists()).toBe(false), 8000);
  });

  it('says by whose clock the latency is', async () => {
    await open('/watch/a');
    await press('i');
    await vi.waitFor(() => expect(page.get('[data-figure=clock]').attributes('data-clock')).toBe('sender'));
    expect(page.get('[data-figure=start]').text()).toBe('321 ms');
    await press('i');
    expect(page.find('[data-figure]').exists()).toBe(false);
  });

  it('says that a camera is not there', async () => {
    await open('/watch/nowhere');
    expect(page.text()).toContain('There is no such camera');
  });

  it('leaves keys alone that belong to a field or carry a modifier', async () => {
    await open('/watch/a');
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'i', ctrlKey: true, bubbles: true }));
    page.get('input[type=range]').element.dispatchEvent(new KeyboardEvent('keydown', { key: 'i', bubbles: true }));
    await flushPromises();
    expect(page.find('[data-figure]').exists()).toBe(false);
  });
});

describe('a saved picture', () => {
  it('is named after the camera and the time', () => {
    expect(snapshotName('front-door', new Date(2026, 10, 1, 9, 5, 7))).toBe('front-door-20261101-090507.png');
  });
});
