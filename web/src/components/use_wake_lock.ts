// Keeps the screen awake while `wanted` and the component is there, where the browser can and the page may (HTTPS).

import { onBeforeUnmount, watch, type Ref } from 'vue';
import { WakeLock } from '../phone/wake_lock';

export function useWakeLock(wanted: Readonly<Ref<boolean>>): void {
  const lock = new WakeLock();
  watch(wanted, (on) => (on ? lock.hold() : lock.release()), { immediate: true });
  onBeforeUnmount(() => lock.release());
}
