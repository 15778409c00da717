import { expect, test } from 'vitest';
import { type Condition, filterText, literal, operatorsOf, packed, textOfPacked, unpacked } from './filter';

const types = { age: 'integer', name: 'string', active: 'boolean', external_image_id: 'string' } as const;
const condition = (field: string, operator: Condition['operator'], value: string, upper = ''): Condition => ({
  key: 0,
  field,
  operator,
  value,
  upper,
});

test.each([
  [condition('age', 'is', '30'), 'age:30'],
  [condition('age', 'isNot', '30'), '(!age:30)'],
  [condition('age', 'atLeast', '20'), 'age:[20 TO *]'],
  [condition('age', 'atMost', '30'), 'age:[* TO 30]'],
  [condition('age', 'between', '20', '30'), 'age:[20 TO 30]'],
  [condition('active', 'is', 'true'), 'active:true'],
  [condition('name', 'is', 'anna'), 'name:anna'],
  [condition('name', 'is', 'Anna B.'), 'name:"Anna B."'],
])('%o is written %s', (single, text) => {
  expect(filterText([single], types, 'all')).toBe(text);
});

test('quotes and backslashes are escaped', () => {
  expect(literal('a"b\\c', 'string')).toBe('"a\\"b\\\\c"');
});

test('conditions are joined, incomplete ones omitted', () => {
  const conditions = [condition('age', 'is', '1'), condition('name', 'is', ' '), condition('age', 'between', '1')];
  expect(filterText([...conditions, condition('name', 'is', 'x')], types, 'all')).toBe('age:1 && name:x');
  expect(filterText([...conditions, condition('name', 'is', 'x')], types, 'any')).toBe('age:1 || name:x');
});

test('only numbers have ranges', () => {
  expect(operatorsOf('string')).toEqual(['is', 'isNot']);
  expect(operatorsOf('double')).toContain('between');
});

test('a filter survives its way through an address', () => {
  const conditions = [
    { key: 0, field: 'name', operator: 'is', value: 'a "b" & [c', upper: '' },
    { key: 1, field: 'age', operator: 'between', value: '1', upper: '9' },
  ] as const;
  expect(unpacked(packed({ join: 'any', conditions: [...conditions] }))).toEqual({ join: 'any', conditions });
  expect(packed(unpacked(''))).toBe('');
});

test.each(['', 'x', '{}', '[1,2]', '["all",["a","worse","1",""]]', '[null,[]]'])(
  '%s in an address is harmless',
  (text) => {
    expect(textOfPacked(text, {})).not.toContain('undefined:');
  },
);
