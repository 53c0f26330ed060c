// Whether anybody can see an element: it is on the screen (or nearly), and the tab is in front. Both are given up only
// after a while, so that scrolling past or a glance at another tab costs no reconnecting.

import { computed, nextTick, onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue';

const offScreenMs = 4000;
const hiddenTabMs = 30_000;
const nearPx = 120;

/** One is about to connect ahead of the observer. */
let oneIsFirst = false;

function isNear(element: HTMLElement): boolean {
  const { width, height, left, right, top, bottom } = element.getBoundingClientRect();
  if (width === 0 || height === 0) return false;
  return right > -nearPx && left < window.innerWidth + nearPx && bottom > -nearPx && top < window.innerHeight + nearPx;
}

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
    let told = false;
    observer = new IntersectionObserver(
      (entries) => {
        told = true;
        onScreen.value = entries.at(-1)?.isIntersecting ?? false;
      },
      { rootMargin: `${nearPx}px` },
    );
    observer.observe(element.value);
    // The observer speaks after the next frame; what is laid out now can be seen now. Only the first of many, so that it
    // connects before the others begin.
    void nextTick(() => {
      if (oneIsFirst || !observer || !element.value || !isNear(element.value)) return;
      oneIsFirst = true;
      setTimeout(() => {
        oneIsFirst = false;
        if (!told) onScreen.value = true;
      });
    });
  });
  onBeforeUnmount(() => {
    observer?.disconnect();
    observer = undefined;
  });
  return lingering(onScreen, offScreenMs);
}

export function useVisible(element: Readonly<Ref<HTMLElement | null>>): Ref<boolean> {
  const onScreen = useOnScreen(element);
  const inFront = useTabInFront();
  return computed(() => onScreen.value && inFront.value);
}
