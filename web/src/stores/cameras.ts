// The cameras that the user may see, while somebody looks at them: changes come as events, and the list is read again
// now and then (often where there are no events). When the server is away the last list stays, and `problem` says
// what is wrong.

import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import { EventFeed, type ServerEvent } from '../api/event_feed';
import { ApiError } from '../api/http';
import type { Camera, Page } from '../api/types';
import { useServer } from './server';
import { useSession } from './session';

const pollMs = 4000;
const pollWithEventsMs = 15_000;
const soonMs = 1000;
const pageSize = 200;

export const useCameras = defineStore('cameras', () => {
  const session = useSession();
  const server = useServer();
  const items = ref<Camera[]>([]);
  const loaded = ref(false);
  const problem = ref('');
  const eventsFlow = ref(false);

  let watchers = 0;
  let readAt = -Infinity;
  let soon = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let loading: Promise<void> | null = null;

  async function readAll(): Promise<Camera[]> {
    const all: Camera[] = [];
    let cursor: string | null | undefined;
    do {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (cursor) query.set('cursor', cursor);
      const page = await session.request<Page<Camera>>(`/api/v1/cameras?${query}`);
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return all;
  }

  async function load(): Promise<void> {
    try {
      const began = performance.now();
      items.value = await readAll();
      readAt = began;
      loaded.value = true;
      problem.value = '';
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : String(error);
    }
  }

  function refresh(): Promise<void> {
    loading ??= load().finally(() => {
      loading = null;
    });
    return loading;
  }

  async function poll(): Promise<void> {
    if (!loading) soon = false;
    await refresh();
    pollIn(soon ? soonMs : eventsFlow.value ? pollWithEventsMs : pollMs);
  }

  function pollIn(ms: number): void {
    clearTimeout(timer);
    if (watchers > 0 && session.signedIn) timer = setTimeout(() => void poll(), ms);
  }

  /** A page that just opens has better to do than to read its list twice at once. */
  function readSoon(): void {
    if (!soon) pollIn(soonMs);
    soon = true;
  }

  /** A list that is being read may be of the moment before. */
  function readAgain(): void {
    void (loading ?? Promise.resolve()).then(() => (watchers > 0 ? refresh() : undefined));
  }

  /** An event names what changed; a camera that the list lacks means that the list is old. */
  function onEvent(event: ServerEvent): void {
    if (event.type === 'camera') readAgain();
    if (event.type !== 'camera-status') return;
    const camera = items.value.find(({ id }) => id === event.cameraId);
    if (camera) Object.assign(camera, { streamStatus: event.data['streamStatus'], status: event.data['status'] });
    else if (loaded.value) readAgain();
    else readSoon();
  }

  const feed = new EventFeed({
    path: '/api/v1/events?types=camera-status,camera',
    token: () => session.token,
    onEvent,
    onOpen(open) {
      if (open === eventsFlow.value) return;
      eventsFlow.value = open;
      // What happened in between is in the list.
      if (!loaded.value || performance.now() - readAt < soonMs) readSoon();
      else if (session.signedIn && watchers > 0) void poll();
    },
    onUnauthorized: () => void refresh(),
  });

  watch(
    () => server.away,
    (away) => {
      if (away || watchers === 0) return;
      void refresh();
      feed.restart();
    },
  );

  // A browser has few connections for one server: a hidden page gives its own back.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') feed.stop();
    else if (watchers > 0) feed.start();
  });

  /** Keeps the list fresh until the returned function is called. */
  function keepFresh(): () => void {
    if (++watchers === 1) {
      void poll();
      feed.start();
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--watchers > 0) return;
      clearTimeout(timer);
      feed.stop();
    };
  }

  function clear(): void {
    clearTimeout(timer);
    feed.stop();
    items.value = [];
    loaded.value = false;
    problem.value = '';
  }

  return { items, loaded, problem, eventsFlow, refresh, keepFresh, clear };
});
