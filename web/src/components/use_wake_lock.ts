// Keeps the screen awake while `wanted`, where the browser can and the page may (HTTPS). The browser takes the lock away
// from a hidden page, so it is asked for again when the page is back.

import { onBeforeUnmount, watch, type Ref } from 'vue';

export function useWakeLock(wanted: Readonly<Ref<boolean>>): void {
  let lock: WakeLockSentinel | null = null;

  async function follow(): Promise<void> {
    if (!('wakeLock' in navigator)) return;
    if (!wanted.value) {
      await lock?.release().catch(() => undefined);
      lock = null;
    } else if (document.visibilityState === 'visible' && (!lock || lock.released)) {
      // Refused on a low battery: then the screen may sleep.
      lock = await navigator.wakeLock.request('screen').catch(() => null);
      if (!wanted.value) void follow();
    }
  }

  const onVisible = () => void follow();
  document.addEventListener('visibilitychange', onVisible);
  watch(wanted, onVisible, { immediate: true });
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', onVisible);
    void lock?.release().catch(() => undefined);
  });
}
