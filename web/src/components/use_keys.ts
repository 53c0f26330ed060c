// Keyboard shortcuts of a view: single keys that do nothing while the user writes, chooses, or holds a modifier.

import { onBeforeUnmount } from 'vue';

export function useKeys(keys: Record<string, () => void>): void {
  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input, select, textarea, dialog, [role=menu], [contenteditable]')) return;
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
  document.addEventListener('keydown', onKey);
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey));
}
