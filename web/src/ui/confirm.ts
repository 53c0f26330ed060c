// Asks before something that cannot be taken back: `if (await confirm({title, text, action})) …`. One question at a
// time; UiConfirm in the shell shows it.

import { shallowRef } from 'vue';

export interface Question {
  title: string;
  text: string;
  /** What the button says that does it: "Remove camera", never "OK". */
  action: string;
  danger?: boolean;
}

export const asked = shallowRef<(Question & { answer(yes: boolean): void }) | null>(null);

export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer(yes) {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}
