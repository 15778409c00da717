import type { FieldType } from '../api/types';

export type Operator = 'is' | 'isNot' | 'atLeast' | 'atMost' | 'between';

/** One condition as it is put together; numbers are texts until the service reads them. */
export interface Condition {
  key: number;
  field: string;
  operator: Operator;
  value: string;
  upper: string;
}

const NUMERIC = new Set<FieldType>(['integer', 'long', 'float', 'double']);

/** What can be asked of a field. */
export function operatorsOf(type: FieldType): Operator[] {
  return NUMERIC.has(type) ? ['is', 'isNot', 'atLeast', 'atMost', 'between'] : ['is', 'isNot'];
}

/** Strings with other characters than a word may have stand in quotes. */
export function literal(value: string, type: FieldType): string {
  if (NUMERIC.has(type) || type === 'boolean') return value.trim();
  return /^[A-Za-z0-9_.+-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

function textOf(condition: Condition, type: FieldType): string {
  const { field, operator } = condition;
  const value = literal(condition.value, type);
  switch (operator) {
    case 'is':
      return `${field}:${value}`;
    case 'isNot':
      return `(!${field}:${value})`;
    case 'atLeast':
      return `${field}:[${value} TO *]`;
    case 'atMost':
      return `${field}:[* TO ${value}]`;
    case 'between':
      return `${field}:[${value} TO ${literal(condition.upper, type)}]`;
  }
}

/** The filter text of conditions that all (or any) have to hold; those without a value are left out. */
export function filterText(conditions: Condition[], types: Record<string, FieldType>, join: 'all' | 'any'): string {
  return conditions
    .filter((each) => each.value.trim() && (each.operator !== 'between' || each.upper.trim()))
    .map((each) => textOf(each, types[each.field] ?? 'string'))
    .join(join === 'all' ? ' && ' : ' || ');
}
