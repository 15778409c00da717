import { expect, test } from 'vitest';
import en from './en.json';
import zh from './zh-CN.json';

function flat(texts: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[`${prefix}${key}`, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  );
}

const base = (key: string) => key.replace(/_(one|other)$/, '');
const placeholders = (text: string) => [...text.matchAll(/{{(\w+)/g)].map((match) => match[1]).sort();

test('both languages have the same texts, with the same placeholders', () => {
  const english = flat(en);
  const chinese = flat(zh);
  expect(new Set([...chinese.keys()].map(base))).toEqual(new Set([...english.keys()].map(base)));
  for (const [key, text] of chinese) {
    expect(text, key).not.toBe('');
    const other = english.get(key) ?? english.get(`${base(key)}_other`) ?? '';
    expect(placeholders(text), key).toEqual(placeholders(other));
  }
});
