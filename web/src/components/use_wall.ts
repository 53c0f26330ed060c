// Filling the whole screen with an element: by the browser's full screen where it has one, else (iPhone) by the whole
// window. Knows when the user leaves it, and hides the pointer that does not move.

import { onBeforeUnmount, ref, type Ref } from 'vue';

const pointerIdleMs = 2500;

export function useWall(element: Readonly<Ref<HTMLElement | null>>) {
  const on = ref(false);
  const idle = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function onMove(): void {
    idle.value = false;
    clearTimeout(timer);
    if (on.value) timer = setTimeout(() => (idle.value = true), pointerIdleMs);
  }

  async function enter(): Promise<void> {
    on.value = true;
    onMove();
    await element.value?.requestFullscreen?.({ navigationUI: 'hide' }).catch(() => undefined);
  }

  function leave(): void {
    on.value = false;
    onMove();
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  }

  const onFullscreen = () => {
    if (!document.fullscreenElement) leave();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && on.value) leave();
  };
  document.addEventListener('fullscreenchange', onFullscreen);
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointermove', onMove);
  onBeforeUnmount(() => {
    clearTimeout(timer);
    document.removeEventListener('fullscreenchange', onFullscreen);
    document.removeEventListener('keydown', onKey);
    document.removeEventListener('pointermove', onMove);
    if (on.value) leave();
  });

  return { on, idle, toggle: () => (on.value ? leave() : void enter()) };
}
