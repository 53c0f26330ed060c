import { describe, expect, it } from 'vitest';
import type { SettingItem } from '../src/api/admin_types';
import { sentence } from '../src/api/http';
import { changes, draftOf, fixed, grouped, sentenceOf, valueOf } from '../src/settings/settings_form';

function item(key: string, type: SettingItem['type'], value: SettingItem['value'], rest: Partial<SettingItem> = {}): SettingItem {
  return { key, type, value, default: value, origin: 'default', applies: 'now', description: '', ...rest };
}

const items = [
  item('http.public_url', 'string', ''),
  item('auth.token_hours', 'integer', 12, { default: 24, origin: 'stored' }),
  item('http.allow_origins', 'list', ['https://a', 'https://b']),
  item('auth.open', 'boolean', false),
  item('log.level', 'choice', 'info', { choices: ['debug', 'info'], origin: 'command' }),
];
const drafts = () => Object.fromEntries(items.map((each) => [each.key, draftOf(each)]));

describe('settings', () => {
  it('stand in groups, in the order they came', () => {
    expect(grouped(items).map(({ name, items: members }) => [name, members.length])).toEqual([
      ['http', 2],
      ['auth', 2],
      ['log', 1],
    ]);
  });
  it('survive the way into the form and back', () => {
    for (const each of items) expect(valueOf(each, draftOf(each))).toEqual(each.value);
    expect(changes(items, drafts())).toEqual({ body: {}, wrong: [] });
  });
  it('send only what was changed', () => {
    const changed = { ...drafts(), 'http.public_url': ' https://x ', 'http.allow_origins': 'https://a, \nhttps://c\n', 'auth.open': true };
    expect(changes(items, changed).body).toEqual({
      'http.public_url': 'https://x',
      'http.allow_origins': ['https://a', 'https://c'],
      'auth.open': true,
    });
  });
  it('that were refused are told in a sentence of their own', () => {
    expect(sentenceOf('http.max_body_kib', 'http.max_body_kib: expected a number')).toBe('Expected a number.');
    expect(sentenceOf('http.max_body_kib', sentence('http.max_body_kib: expected a number'))).toBe('Expected a number.');
    expect(sentenceOf('log.level', 'log.level is set on the command line.')).toBe('log.level is set on the command line.');
  });
  it('go back to the default where it is typed', () => {
    expect(changes(items, { ...drafts(), 'auth.token_hours': '24' }).body).toEqual({ 'auth.token_hours': null });
  });
  it('say which number is none', () => {
    for (const text of ['', 'many', '1.5', '1e3']) {
      expect(changes(items, { ...drafts(), 'auth.token_hours': text })).toEqual({ body: {}, wrong: ['auth.token_hours'] });
    }
  });
  it('leave alone what the command line says', () => {
    expect(items.filter(fixed).map(({ key }) => key)).toEqual(['log.level']);
    expect(changes(items, { ...drafts(), 'log.level': 'debug' }).body).toEqual({});
  });
});
