// Whether anybody can see an element: it is on the screen (or nearly), and the tab is in front. Both are given up only
// after a while, so that scrolling past or a glance at another tab costs no reconnecting.

import { computed, onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue';

const offScreenMs = 4000;
const hiddenTabMs = 30_000;

/** Follows `now`, but becomes false only after it was false for `afterMs`. */
function lingering(now: Ref<boolean>, afterMs: number): Ref<boolean> {
  const kept = ref(now.value);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(now, (value) => {
    clearTimeout(timer);
    if (value) kept.value = true;
    else timer = setTimeout(() => (kept.value = false), afterMs);
  });
  onBeforeUnmount(() => clearTimeout(timer));
  return kept;
}

export function useTabInFront(): Ref<boolean> {
  const inFront = ref(document.visibilityState !== 'hidden');
  const follow = () => (inFront.value = document.visibilityState !== 'hidden');
  document.addEventListener('visibilitychange', follow);
  onBeforeUnmount(() => document.removeEventListener('visibilitychange', follow));
  return lingering(inFront, hiddenTabMs);
}

export function useOnScreen(element: Readonly<Ref<HTMLElement | null>>): Ref<boolean> {
  // Browsers without the observer show everything at once.
  const onScreen = ref(typeof IntersectionObserver === 'undefined');
  let observer: IntersectionObserver | undefined;
  onMounted(() => {
    if (onScreen.value || !element.value) return;
    observer = new IntersectionObserver((entries) => (onScreen.value = entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: '120px',
    });
    observer.observe(element.value);
  });
  onBeforeUnmount(() => observer?.disconnect());
  return lingering(onScreen, offScreenMs);
}

export function useVisible(element: Readonly<Ref<HTMLElement | null>>): Ref<boolean> {
  const onScreen = useOnScreen(element);
  const inFront = useTabInFront();
  return computed(() => onScreen.value && inFront.value);
}
