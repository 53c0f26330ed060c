// Sentences that people read stand in src/strings/, where a translation finds them all.

import { describe, expect, it } from 'vitest';

const files = import.meta.glob<string>(['../src/**/*.{ts,vue}', '!../src/strings/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The literals of a source, and those within them (`:label="on ? 'A' : 'B'"`); comments are passed over. */
function literals(source: string): string[] {
  const found = source.matchAll(
    /\/\/.*|\/\*[^]*?\*\/|<!--[^]*?-->|'((?:\\.|[^\\'\n])*)'|"((?:\\.|[^\\"])*)"|`((?:\\.|[^\\`])*)`/g,
  );
  return [...found].flatMap(([, single, double, template]) => {
    const text = single ?? double ?? template;
    return text === undefined ? [] : [text, ...literals(text)];
  });
}

/** What stands between the tags of a template, without its `{{ }}`. */
function texts(source: string): string[] {
  const template = source.slice(Math.max(source.indexOf('\n<template>'), 0)).replace(/<!--[^]*?-->/g, '');
  return [...template.matchAll(/>([^<>{}]+)</g)].map(([, text]) => text ?? '');
}

const isSentence = (text: string) => /\p{Lu}/u.test(text) && / /.test(text.trim()) && /[.!…]$/.test(text.trim());

function sentences(path: string, source: string): string[] {
  const all = path.endsWith('.vue') ? [...literals(source), ...texts(source)] : literals(source);
  return all.filter(isSentence).map((text) => text.trim());
}

describe('sentences', () => {
  it('stand in src/strings/ and nowhere else', () => {
    expect(Object.keys(files).length).toBeGreaterThan(80);
    const outside = Object.entries(files).map(([path, source]) => [path, sentences(path, source)] as const);
    expect(outside.filter(([, found]) => found.length > 0)).toEqual([]);
  });

  it('are found in literals, in attributes and between tags, not in comments', () => {
    const page = [
      '<script>',
      '// It’s a comment, “as this”. Nobody reads it.',
      "fail('It is gone.', 'https://a.b/');",
      'fail(`The server answered ${code}.`);',
      '</script>',
      '<template>',
      '<!-- A comment, too. -->',
      '<b :label="away ? \'Gone for good.\' : name">Try again.</b>',
      '</template>',
    ].join('\n');
    expect(sentences('A.vue', page)).toEqual([
      'It is gone.',
      'The server answered ${code}.',
      'Gone for good.',
      'Try again.',
    ]);
  });
});
