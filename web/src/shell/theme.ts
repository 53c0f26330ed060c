// The page's colours: the system's choice, or the one that was made here. theme_first.ts sets it before the first
// paint; this follows the system from then on and keeps the choice in localStorage.

import { computed, ref } from 'vue';

export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'reallive.theme';
const dark = window.matchMedia?.('(prefers-color-scheme: dark)');

function stored(): ThemeChoice {
  try {
    const kept = localStorage.getItem(storageKey);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

const choice = ref<ThemeChoice>(stored());
const systemIsDark = ref(dark?.matches ?? false);
const shown = computed(() => (choice.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : choice.value));

function apply(): void {
  document.documentElement.dataset['theme'] = shown.value;
}

dark?.addEventListener('change', (event) => {
  systemIsDark.value = event.matches;
  apply();
});
apply();

function choose(next: ThemeChoice): void {
  choice.value = next;
  try {
    if (next === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, next);
  } catch {
    // Then the choice lasts until the page is left.
  }
  apply();
}

export function useTheme() {
  return { choice, shown, choose };
}
