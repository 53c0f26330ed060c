// A name is text wherever it is shown, whatever stands in it.

import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';
import App from '../src/App.vue';
import { createPageRouter } from '../src/router';
import { toast } from '../src/ui/toasts';
import { created, fakeServer } from './fake_peer';
import { canWatch } from './fake_viewing';
import { signIn } from './signed_in';

const evil = '<img src=x onerror=alert(1)>';
const camera = (id: string, stream: string) => ({
  id, name: evil, stream, company: evil, model: evil, serialNumber: evil, location: evil, place: evil, resolution: '1080p',
  source: { url: 'publish', onDemand: false, transcode: 'never' }, isActive: true, isPublic: false, streamStatus: 'online',
  ownerId: 'u1', streamKey: 'k', createdAt: '', updatedAt: '',
});

let page: VueWrapper;

async function open(path: string): Promise<void> {
  fakeServer((call) => {
    if (call.url.endsWith('/cameras/c1')) return Response.json(camera('c1', 'door'));
    if (/\/cameras\?|\/cameras$/.test(call.url)) return Response.json({ items: [camera('c1', 'door'), camera('c2', 'gate')] });
    if (/\/users\?/.test(call.url)) {
      return Response.json({ items: [{ id: 'u2', username: evil, role: 'viewer', email: evil, isActive: true, createdAt: '' }] });
    }
    if (call.url.endsWith('/addresses')) return Response.json({ http: [], https: [], publicUrl: null, caUrl: null });
    if (/\/(sessions|invitations)\?/.test(call.url)) return Response.json({ items: [] });
    return created();
  });
  const router = createPageRouter(createMemoryHistory());
  await router.push(path);
  page = mount(App, { global: { plugins: [router] }, attachTo: document.body });
  await flushPromises();
  await vi.dynamicImportSettled();
  await flushPromises();
}

/** Nothing of the name has become markup; it stands there as it was written, or names a control. */
function expectText(): void {
  expect(document.querySelectorAll('img[src=x], [onerror]')).toHaveLength(0);
  const named = [...document.querySelectorAll('[aria-label]')].some((one) => one.getAttribute('aria-label')?.includes(evil));
  const written = [...document.querySelectorAll<HTMLInputElement>('input')].some((one) => one.value === evil);
  expect([document.body.textContent?.includes(evil), named, written]).toContain(true);
}

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  signIn();
  canWatch();
});
afterEach(() => {
  page.unmount();
  vi.unstubAllGlobals();
});

describe('a name full of markup', () => {
  it.each(['/', '/watch/door', '/cameras', '/cameras/c1', '/users', '/phone'])('is text on %s', async (path) => {
    await open(path);
    expectText();
  });

  it('is text in the question before a camera goes, and in a message', async () => {
    HTMLDialogElement.prototype.showModal = function () {
      this.open = true;
    };
    await open('/cameras');
    page.findAll('button').find((one) => one.attributes('aria-label')?.includes(evil))?.element.click();
    await flushPromises();
    [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].at(-1)?.click();
    await flushPromises();
    expect(document.querySelector('dialog[open]')?.textContent).toContain(evil);
    toast(evil);
    await flushPromises();
    expectText();
  });

  it('is text in the title of the window', async () => {
    await open('/watch/door');
    expect(document.title).toContain(evil);
  });
});

describe('the sources', () => {
  const files = import.meta.glob<string>('../src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true });
  it('make no markup out of text', () => {
    const makes = /v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/;
    expect(Object.keys(files).filter((path) => makes.test(files[path] ?? ''))).toEqual([]);
  });
});
