// The sentences in the user's language: English, until somebody brings another. `document.lang` follows the choice.

import { en } from './en';

export type Strings = typeof en;

const languages: Record<string, Strings> = { en };

function chosen(): string {
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages) ?? 'en';
}

export const language = chosen();
export const strings: Strings = languages[language] ?? en;
document.documentElement.lang = language;
