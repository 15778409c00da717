import { expect, test } from 'vitest';
import { NO_CONDITIONS, queryOf } from './conditions';

test('empty conditions are left out', () => {
  expect(queryOf(NO_CONDITIONS)).toEqual({});
  expect(queryOf({ ...NO_CONDITIONS, actor: 'anna', text: ' ' })).toEqual({ actor: 'anna' });
});

test('the last day is included', () => {
  expect(queryOf({ ...NO_CONDITIONS, from: '2026-02-28', to: '2026-02-28' })).toEqual({
    since: '2026-02-28',
    until: '2026-03-01',
  });
});
