// What goes on while nobody looks: which viewings pause, which go on, and when the screen stays awake.

import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { Camera } from '../src/api/types';
import LiveTile from '../src/components/LiveTile.vue';
import { useWakeLock } from '../src/components/use_wake_lock';
import Viewer from '../src/components/Viewer.vue';
import { type Call, created, FakePeer, fakeServer } from './fake_peer';
import { canWatch, Receiving } from './fake_viewing';

const camera: Camera = { id: 'c1', name: 'Door', stream: 'door', isActive: true, streamStatus: 'online', status: 'streaming' };

/** Says what is on the screen in the browser's place. */
class FakeObserver {
  static all: FakeObserver[] = [];
  observe = vi.fn();
  disconnect = vi.fn();
  constructor(private readonly told: (entries: { isIntersecting: boolean }[]) => void) {
    FakeObserver.all.push(this);
  }
  static async show(...isIntersecting: boolean[]): Promise<void> {
    for (const one of FakeObserver.all) one.told(isIntersecting.map((value) => ({ isIntersecting: value })));
    await settle();
  }
}

const settle = async () => {
  await vi.advanceTimersByTimeAsync(0);
  await flushPromises();
};
const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
};

let visibility: DocumentVisibilityState;
async function tab(state: DocumentVisibilityState): Promise<void> {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
}

let wrapper: VueWrapper | undefined;
let calls: Call[];
const begun = () => calls.filter((call) => call.method === 'POST' && call.url.startsWith('/whep/')).length;
const ended = () => calls.filter((call) => call.method === 'DELETE').length;
const running = () => FakePeer.made.filter((peer) => !peer.closed).length;
const state = () => wrapper?.get('[data-state]').attributes('data-state');

async function goLive(): Promise<void> {
  FakePeer.last.become('connected');
  await settle();
  expect(state()).toBe('live');
}

/** Links need their routes; nobody follows them here. */
const around = () => {
  const nowhere = { render: () => null };
  const routes = [
    { path: '/', name: 'live', component: nowhere },
    { path: '/watch/:stream', name: 'watch', component: nowhere },
  ];
  return { global: { plugins: [createRouter({ history: createMemoryHistory(), routes })] }, attachTo: document.body };
};

/** Every element is of this size, at this place. */
function laidOut({ top }: { top: number }): void {
  const box = { left: 0, top, right: 320, bottom: top + 180, width: 320, height: 180 };
  vi.spyOn(Element.prototype, 'getBoundingClientRect').mockReturnValue(box as DOMRect);
}

async function openTile(props: { silent?: boolean } = {}): Promise<void> {
  wrapper = mount(LiveTile, { props: { camera, ...props }, ...around() });
  await settle();
}

async function openViewer(): Promise<void> {
  wrapper = mount(Viewer, { props: { stream: 'door', name: 'Door' }, ...around() });
  await settle();
  await goLive();
}

async function click(label: string): Promise<void> {
  await wrapper?.get(`button[aria-label="${label}"]`).trigger('click');
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  setActivePinia(createPinia());
  FakeObserver.all = [];
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  canWatch();
  vi.stubGlobal('IntersectionObserver', FakeObserver);
  calls = fakeServer(() => created());
});
afterEach(() => {
  wrapper?.unmount();
  wrapper = undefined;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a tile', () => {
  it('connects when it comes on the screen', async () => {
    await openTile();
    await pass(60_000);
    expect(begun()).toBe(0);
    await FakeObserver.show(true);
    expect(begun()).toBe(1);
    await goLive();
  });

  it('believes the newest of what it is told at once', async () => {
    await openTile();
    await FakeObserver.show(true, false);
    expect(begun()).toBe(0);
  });

  it('connects at once where it is laid out, before the observer speaks, and then believes that', async () => {
    laidOut({ top: window.innerHeight + 100 });
    await openTile();
    expect(begun()).toBe(1);
    await FakeObserver.show(false);
    await pass(4000);
    expect(running()).toBe(0);
  });

  it('believes the observer where that speaks first', async () => {
    laidOut({ top: 0 });
    wrapper = mount(LiveTile, { props: { camera }, ...around() });
    await nextTick();
    await FakeObserver.show(false);
    expect(begun()).toBe(0);
  });

  it('sends its offer before the others make theirs', async () => {
    const order: string[] = [];
    vi.stubGlobal('RTCPeerConnection', class extends Receiving {
      constructor() {
        super();
        order.push('made');
      }
    });
    fakeServer((call) => {
      order.push(call.url);
      return created();
    });
    laidOut({ top: 0 });
    const cameras = ['a', 'b', 'c'].map((stream) => ({ ...camera, id: stream, stream }));
    wrapper = mount(() => cameras.map((one) => h(LiveTile, { camera: one })), around());
    await settle();
    expect(order).toEqual(['made', '/whep/a']);
    await FakeObserver.show(true);
    expect(order).toEqual(['made', '/whep/a', 'made', 'made', '/whep/b', '/whep/c']);
  });

  it('waits below the screen', async () => {
    laidOut({ top: window.innerHeight + 130 });
    await openTile();
    await pass(60_000);
    expect(begun()).toBe(0);
  });

  it('pauses when it was off the screen for 4 s, and comes back at once', async () => {
    await openTile();
    await FakeObserver.show(true);
    await goLive();
    await FakeObserver.show(false);
    await pass(3999);
    expect(running()).toBe(1);
    await pass(1);
    expect([running(), ended(), state()]).toEqual([0, 1, 'idle']);
    await FakeObserver.show(true);
    expect([running(), begun()]).toEqual([1, 2]);
  });

  it('stays connected when it is scrolled past', async () => {
    await openTile();
    await FakeObserver.show(true);
    await goLive();
    await FakeObserver.show(false);
    await pass(3900);
    await FakeObserver.show(true);
    await pass(60_000);
    expect([running(), begun(), ended()]).toEqual([1, 1, 0]);
  });

  it('pauses when its tab was hidden for 30 s, and comes back at once', async () => {
    await openTile();
    await FakeObserver.show(true);
    await goLive();
    await tab('hidden');
    await pass(29_999);
    expect(running()).toBe(1);
    await pass(1);
    expect([running(), ended(), state()]).toEqual([0, 1, 'idle']);
    await tab('visible');
    expect([running(), begun()]).toEqual([1, 2]);
  });

  it('stays connected over a glance at another tab', async () => {
    await openTile();
    await FakeObserver.show(true);
    await goLive();
    await tab('hidden');
    await pass(29_000);
    await tab('visible');
    await pass(60_000);
    expect([running(), begun(), ended()]).toEqual([1, 1, 0]);
  });

  it('goes on out of sight while it is heard', async () => {
    await openTile({ silent: false });
    await FakeObserver.show(true);
    await goLive();
    await FakeObserver.show(false);
    await tab('hidden');
    await pass(600_000);
    expect([running(), begun(), state()]).toEqual([1, 1, 'live']);
    await wrapper?.setProps({ silent: true });
    expect(running()).toBe(0);
  });
});

describe('the viewer in a hidden tab', () => {
  it('pauses after 30 s', async () => {
    await openViewer();
    await tab('hidden');
    await pass(29_999);
    expect(running()).toBe(1);
    await pass(1);
    expect([running(), ended()]).toEqual([0, 1]);
    await tab('visible');
    expect(running()).toBe(1);
  });

  it('goes on while the user listens, and pauses when the sound is turned off', async () => {
    await openViewer();
    await click('Turn on the sound');
    await tab('hidden');
    await pass(600_000);
    expect([running(), begun(), state()]).toEqual([1, 1, 'live']);
    expect(wrapper?.get('audio').element.muted).toBe(false);
    await click('Turn off the sound');
    expect([running(), ended()]).toEqual([0, 1]);
  });

  it('pauses where there is nothing to listen to', async () => {
    vi.stubGlobal('RTCPeerConnection', class extends Receiving {
      override getTransceivers = () => [{ currentDirection: 'recvonly', receiver: { track: { kind: 'video' } } }];
    });
    await openViewer();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'm', bubbles: true }));
    await settle();
    await tab('hidden');
    await pass(30_000);
    expect(running()).toBe(0);
  });

  it('goes on in a picture in picture, and pauses when that is closed', async () => {
    await openViewer();
    await wrapper?.get('video').trigger('enterpictureinpicture');
    await tab('hidden');
    await pass(600_000);
    expect([running(), begun(), state()]).toEqual([1, 1, 'live']);
    await wrapper?.get('video').trigger('leavepictureinpicture');
    await settle();
    expect(running()).toBe(0);
  });
});

describe('picture in picture', () => {
  let shown: Element | null;
  const request = vi.fn();
  const leave = vi.fn();
  const button = () => wrapper?.find('button[aria-label="Picture in picture"]');

  beforeEach(() => {
    shown = null;
    request.mockReset().mockImplementation(function (this: HTMLVideoElement) {
      shown = this;
      this.dispatchEvent(new Event('enterpictureinpicture'));
      return Promise.resolve();
    });
    leave.mockReset().mockImplementation(() => {
      shown?.dispatchEvent(new Event('leavepictureinpicture'));
      shown = null;
      return Promise.resolve();
    });
    Object.defineProperties(document, {
      pictureInPictureEnabled: { configurable: true, value: true },
      pictureInPictureElement: { configurable: true, get: () => shown },
      exitPictureInPicture: { configurable: true, value: leave },
    });
    Object.defineProperty(HTMLVideoElement.prototype, 'requestPictureInPicture', { configurable: true, value: request });
  });
  afterEach(() => {
    for (const key of ['pictureInPictureEnabled', 'pictureInPictureElement', 'exitPictureInPicture']) {
      Reflect.deleteProperty(document, key);
    }
    Reflect.deleteProperty(HTMLVideoElement.prototype, 'requestPictureInPicture');
  });

  it('is offered when there is a picture, and its button opens and closes it', async () => {
    await openViewer();
    expect(button()?.attributes('disabled')).toBeDefined();
    await wrapper?.get('video').trigger('loadeddata');
    expect(button()?.attributes('disabled')).toBeUndefined();
    await click('Picture in picture');
    expect(request.mock.contexts).toEqual([wrapper?.get('video').element]);
    expect(button()?.attributes('aria-pressed')).toBe('true');
    await click('Picture in picture');
    expect([request.mock.calls.length, leave.mock.calls.length]).toEqual([1, 1]);
    expect(button()?.attributes('aria-pressed')).toBe('false');
  });

  it('may be refused', async () => {
    request.mockReset().mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    await openViewer();
    await wrapper?.get('video').trigger('loadeddata');
    await click('Picture in picture');
    expect(request).toHaveBeenCalledOnce();
    expect(button()?.attributes('aria-pressed')).toBe('false');
  });

  it('is not offered where the browser has none', async () => {
    Object.defineProperty(document, 'pictureInPictureEnabled', { configurable: true, value: false });
    await openViewer();
    expect(button()?.exists()).toBe(false);
  });
});

describe('the screen', () => {
  class FakeLock {
    released = false;
    release = vi.fn(() => {
      this.released = true;
      return Promise.resolve();
    });
  }
  let locks: FakeLock[];
  const request = vi.fn();
  const held = () => locks.filter((lock) => !lock.released).length;

  beforeEach(() => {
    locks = [];
    request.mockReset().mockImplementation(() => {
      locks.push(new FakeLock());
      return Promise.resolve(locks.at(-1));
    });
    Object.defineProperty(navigator, 'wakeLock', { configurable: true, value: { request } });
  });
  afterEach(() => {
    Reflect.deleteProperty(navigator, 'wakeLock');
  });

  async function hold(wanted: boolean) {
    const now = ref(wanted);
    wrapper = mount(defineComponent({ setup: () => (useWakeLock(now), () => null) }));
    await settle();
    return now;
  }

  it('stays awake while the viewer plays, and no longer', async () => {
    wrapper = mount(Viewer, { props: { stream: 'door', name: 'Door' }, ...around() });
    await settle();
    expect(request).not.toHaveBeenCalled();
    await goLive();
    expect(request.mock.calls).toEqual([['screen']]);
    FakePeer.last.become('failed');
    await settle();
    expect(held()).toBe(0);
    await pass(5000);
    await goLive();
    expect(held()).toBe(1);
    wrapper.unmount();
    expect(held()).toBe(0);
  });

  it('is asked for again when the browser took it away from a hidden tab', async () => {
    await hold(true);
    for (const lock of locks) lock.released = true;
    await tab('hidden');
    expect(request).toHaveBeenCalledOnce();
    await tab('visible');
    expect([request.mock.calls.length, held()]).toEqual([2, 1]);
  });

  it('may sleep where the browser refuses, and where it cannot stay awake', async () => {
    request.mockReset().mockRejectedValue(new DOMException('low battery', 'NotAllowedError'));
    const wanted = await hold(true);
    wanted.value = false;
    await settle();
    wrapper?.unmount();
    Reflect.deleteProperty(navigator, 'wakeLock');
    await hold(true);
    expect(request).toHaveBeenCalledOnce();
  });

  describe('when the browser takes its time', () => {
    let grant: () => void;
    beforeEach(() => {
      const waiting: (() => void)[] = [];
      request.mockReset().mockImplementation(
        () => new Promise((resolve) => waiting.push(() => resolve(locks[locks.push(new FakeLock()) - 1]))),
      );
      grant = () => waiting.splice(0).forEach((one) => one());
    });

    it('may sleep if nobody wants it awake by then', async () => {
      const wanted = await hold(true);
      wanted.value = false;
      await settle();
      grant();
      await settle();
      expect([locks.length, held()]).toEqual([1, 0]);
    });

    it('may sleep if the viewer is gone by then', async () => {
      await hold(true);
      wrapper?.unmount();
      grant();
      await settle();
      expect([locks.length, held()]).toEqual([1, 0]);
    });

    it('is asked for once', async () => {
      const wanted = await hold(true);
      await tab('hidden');
      await tab('visible');
      grant();
      await settle();
      expect(held()).toBe(1);
      wanted.value = false;
      await settle();
      expect(held()).toBe(0);
    });
  });
});
