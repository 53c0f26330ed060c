// Short messages about what has just happened: `toast('Camera saved')`. They go by themselves; what needs an answer
// or explains an error belongs into the page (UiBanner).

import { reactive } from 'vue';

export type ToastTone = 'good' | 'bad' | 'info';

export interface Toast {
  id: number;
  text: string;
  tone: ToastTone;
}

const shownMs = 5000;
const most = 3;
let next = 1;

export const toasts = reactive<Toast[]>([]);

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

export function toast(text: string, tone: ToastTone = 'good'): void {
  const id = next++;
  toasts.push({ id, text, tone });
  if (toasts.length > most) toasts.shift();
  setTimeout(() => dismiss(id), shownMs);
}
