// Whether the server answers. Whoever finds that it does not says so; then it is asked again and again, and everybody
// who looks at `away` learns when it is back. It never judges answers: a server that refuses is there.

import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import { at } from '../base';
import { waitMs } from '../rtc/backoff';

const probeLimitMs = 4000;

export const useServer = defineStore('server', () => {
  const away = ref(false);
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let probing = false;

  async function answers(): Promise<boolean> {
    try {
      const response = await fetch(at('/healthz'), { cache: 'no-store', signal: AbortSignal.timeout(probeLimitMs) });
      // A proxy in front answers for a server that is gone.
      return response.status < 500;
    } catch {
      return false;
    }
  }

  async function probe(): Promise<void> {
    if (probing) return;
    probing = true;
    clearTimeout(timer);
    const there = await answers();
    probing = false;
    if (there) {
      failures = 0;
      away.value = false;
    } else {
      away.value = true;
      timer = setTimeout(() => void probe(), waitMs(++failures, null, Math.random()) / 2);
    }
  }

  /** Settles when the server answers. */
  async function back(): Promise<void> {
    if (!away.value && (await answers())) return;
    void probe();
    await new Promise<void>((resolve) => {
      const stop = watch(away, (still) => {
        if (still) return;
        stop();
        resolve();
      });
    });
  }

  /** Something could not be reached: look whether it is the server. */
  function doubt(): void {
    if (!away.value) void probe();
  }

  window.addEventListener('online', () => void probe());
  window.addEventListener('offline', () => void probe());

  return { away, doubt, back };
});
