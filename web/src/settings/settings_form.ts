// Between the server's settings and a form: text for each value and back, groups by the first word of the key, and only
// what was changed is sent.

import type { SettingItem, SettingValue } from '../api/admin_types';
import { sentence } from '../api/http';

/** What a control holds. */
export type Draft = string | boolean;

export interface SettingGroup {
  name: string;
  items: SettingItem[];
}

export function grouped(items: readonly SettingItem[]): SettingGroup[] {
  const groups = new Map<string, SettingItem[]>();
  for (const item of items) {
    const name = item.key.split('.', 1)[0] ?? '';
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return [...groups].map(([name, members]) => ({ name, items: members }));
}

/** Where the command line or the environment says a value, the page cannot. */
export function fixed(item: SettingItem): boolean {
  return item.origin === 'environment' || item.origin === 'command';
}

export function draftOf(item: SettingItem, value: SettingValue = item.value): Draft {
  if (item.type === 'boolean') return value === true;
  return Array.isArray(value) ? value.join('\n') : String(value);
}

/** Undefined where the text is no such value. */
export function valueOf(item: SettingItem, draft: Draft): SettingValue | undefined {
  if (item.type === 'boolean') return draft === true;
  const text = String(draft).trim();
  if (item.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (item.type === 'list') {
    return text
      .split(/[\n,]/)
      .map((entry) => entry.trim())
      .filter(Boolean);
  }
  return text;
}

const alike = (one: SettingValue, other: SettingValue) => JSON.stringify(one) === JSON.stringify(other);

export interface Changes {
  body: Record<string, SettingValue | null>;
  /** Keys whose text is no value of their type. */
  wrong: string[];
}

export function changes(items: readonly SettingItem[], drafts: Readonly<Record<string, Draft>>): Changes {
  const found: Changes = { body: {}, wrong: [] };
  for (const item of items) {
    const draft = drafts[item.key];
    if (draft === undefined || fixed(item)) continue;
    const value = valueOf(item, draft);
    if (value === undefined) found.wrong.push(item.key);
    else if (!alike(value, item.value)) {
      // A value typed to be the default's twin goes back to it, and follows it from then on.
      found.body[item.key] = alike(value, item.default) ? null : value;
    }
  }
  return found;
}

/** What the server says of a value, for beside its field: without the key in front, as a sentence. */
export function sentenceOf(key: string, message: string): string {
  return message.startsWith(`${key}: `) ? sentence(message.slice(key.length + 2)) : message;
}
