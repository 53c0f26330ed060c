// The cameras that the user may see, read again every few seconds while somebody looks at them. When the server is
// away the last list stays, and `problem` says what is wrong.

import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import { ApiError } from '../api/http';
import type { Camera, Page } from '../api/types';
import { useServer } from './server';
import { useSession } from './session';

const pollMs = 4000;
const pageSize = 200;

export const useCameras = defineStore('cameras', () => {
  const session = useSession();
  const server = useServer();
  const items = ref<Camera[]>([]);
  const loaded = ref(false);
  const problem = ref('');

  let watchers = 0;
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
      items.value = await readAll();
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
    await refresh();
    clearTimeout(timer);
    if (watchers > 0 && session.signedIn) timer = setTimeout(() => void poll(), pollMs);
  }

  watch(
    () => server.away,
    (away) => {
      if (!away && watchers > 0) void refresh();
    },
  );

  /** Keeps the list fresh until the returned function is called. */
  function keepFresh(): () => void {
    if (++watchers === 1) void poll();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--watchers === 0) clearTimeout(timer);
    };
  }

  function clear(): void {
    clearTimeout(timer);
    items.value = [];
    loaded.value = false;
    problem.value = '';
  }

  return { items, loaded, problem, refresh, keepFresh, clear };
});
