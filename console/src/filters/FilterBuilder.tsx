import { ActionIcon, Button, Code, Group, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FieldType } from '../api/types';
import { type Condition, filterText, type Operator, operatorsOf, packed, unpacked } from './filter';

interface Props {
  types: Record<string, FieldType>;
  /** The filter at first, as {@link packed} writes it. */
  initial?: string;
  onChange: (packedFilter: string) => void;
}

/** Build a filter and show its text form. */
export function FilterBuilder({ types: custom, initial = '', onChange }: Props) {
  const { t } = useTranslation();
  const types: Record<string, FieldType> = { external_image_id: 'string', ...custom };
  const [{ join, conditions }, setFilter] = useState(() => unpacked(initial));
  const [nextKey, setNextKey] = useState(conditions.length);
  const text = filterText(conditions, types, join);

  const apply = (changed: Condition[], joinedBy = join) => {
    const next = { join: joinedBy, conditions: changed };
    setFilter(next);
    onChange(packed(next));
  };
  const update = (key: number, change: Partial<Condition>) =>
    apply(conditions.map((each) => (each.key === key ? { ...each, ...change } : each)));
  const typeOf = (field: string) => types[field] ?? 'string';

  return (
    <Stack gap="xs">
      {conditions.map((each, index) => (
        <Group key={each.key} gap="xs" align="end">
          <Select
            size="xs"
            w={150}
            aria-label={t('filter.field', { number: index + 1 })}
            data={Object.keys(types)}
            allowDeselect={false}
            value={each.field}
            onChange={(field) => update(each.key, { field: field ?? '', operator: 'is', value: '' })}
          />
          <Select
            size="xs"
            w={110}
            aria-label={t('filter.operator', { number: index + 1 })}
            data={operatorsOf(typeOf(each.field)).map((value) => ({ value, label: t(`filter.operators.${value}`) }))}
            allowDeselect={false}
            value={each.operator}
            onChange={(operator) => update(each.key, { operator: operator as Operator })}
          />
          {typeOf(each.field) === 'boolean' ? (
            <Select
              size="xs"
              w={110}
              aria-label={t('filter.value', { number: index + 1 })}
              data={['true', 'false']}
              value={each.value || null}
              onChange={(value) => update(each.key, { value: value ?? '' })}
            />
          ) : (
            <TextInput
              size="xs"
              w={130}
              aria-label={t('filter.value', { number: index + 1 })}
              value={each.value}
              onChange={(event) => update(each.key, { value: event.currentTarget.value })}
            />
          )}
          {each.operator === 'between' && (
            <TextInput
              size="xs"
              w={100}
              aria-label={t('filter.upper', { number: index + 1 })}
              value={each.upper}
              onChange={(event) => update(each.key, { upper: event.currentTarget.value })}
            />
          )}
          <ActionIcon
            variant="subtle"
            color="red"
            aria-label={t('filter.remove', { number: index + 1 })}
            onClick={() => apply(conditions.filter((other) => other.key !== each.key))}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => {
            apply([
              ...conditions,
              { key: nextKey, field: Object.keys(types).at(-1) ?? '', operator: 'is', value: '', upper: '' },
            ]);
            setNextKey(nextKey + 1);
          }}
        >
          {t('filter.add')}
        </Button>
        {conditions.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t('filter.join')}
            data={[
              { value: 'all', label: t('filter.all') },
              { value: 'any', label: t('filter.any') },
            ]}
            value={join}
            onChange={(value) => apply(conditions, value as 'all' | 'any')}
          />
        )}
      </Group>
      {text && (
        <Text size="xs">
          {t('filter.text')} <Code>{text}</Code>
        </Text>
      )}
    </Stack>
  );
}
