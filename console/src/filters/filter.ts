import type { FieldType } from '../api/types';

export type Operator = 'is' | 'isNot' | 'atLeast' | 'atMost' | 'between';

/** A condition while it is edited; numbers stay text until the service parses them. */
export interface Condition {
  key: number;
  field: string;
  operator: Operator;
  value: string;
  upper: string;
}

const OPERATORS: readonly Operator[] = ['is', 'isNot', 'atLeast', 'atMost', 'between'];

const NUMERIC = new Set<FieldType>(['integer', 'long', 'float', 'double']);

/** Operators by field type. */
export function operatorsOf(type: FieldType): Operator[] {
  return NUMERIC.has(type) ? ['is', 'isNot', 'atLeast', 'atMost', 'between'] : ['is', 'isNot'];
}

/** Quote a string that contains non-word characters. */
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

/** Format conditions, joined by all or any, as filter text; conditions without a value are omitted. */
export function filterText(conditions: Condition[], types: Record<string, FieldType>, join: 'all' | 'any'): string {
  return conditions
    .filter((each) => each.value.trim() && (each.operator !== 'between' || each.upper.trim()))
    .map((each) => textOf(each, types[each.field] ?? 'string'))
    .join(join === 'all' ? ' && ' : ' || ');
}

export interface Filter {
  join: 'all' | 'any';
  conditions: Condition[];
}

/** Write a filter for an address. */
export const packed = ({ join, conditions }: Filter): string =>
  conditions.length
    ? JSON.stringify([join, ...conditions.map((each) => [each.field, each.operator, each.value, each.upper])])
    : '';

/** Read a filter from an address; whatever is not a filter counts as empty. */
export function unpacked(text: string): Filter {
  try {
    const [join, ...conditions] = JSON.parse(text) as [string, ...[string, Operator, string, string][]];
    return {
      join: join === 'any' ? 'any' : 'all',
      conditions: conditions.map(([field = '', operator, value = '', upper = ''], key) => ({
        key,
        field: String(field),
        operator: OPERATORS.includes(operator) ? operator : 'is',
        value: String(value),
        upper: String(upper),
      })),
    };
  } catch {
    return { join: 'all', conditions: [] };
  }
}

/** Filter text of a filter in an address, for the fields of a face set. */
export const textOfPacked = (text: string, custom: Record<string, FieldType>) => {
  const { join, conditions } = unpacked(text);
  return filterText(conditions, { external_image_id: 'string', ...custom }, join);
};
