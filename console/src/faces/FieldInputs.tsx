import { NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import type { FieldType, FieldValue } from '../api/types';

interface Props {
  types: Record<string, FieldType>;
  values: Record<string, FieldValue>;
  onChange: (values: Record<string, FieldValue>) => void;
}

/** One typed input per custom field; empty fields are omitted. */
export function FieldInputs({ types, values, onChange }: Props) {
  const setField = (name: string, value: FieldValue | '' | null) => {
    const { [name]: _, ...others } = values;
    onChange(value === '' || value === null ? others : { ...others, [name]: value });
  };
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {Object.entries(types).map(([name, type]) => {
        const value = values[name];
        if (type === 'boolean')
          return (
            <Select
              key={name}
              label={name}
              data={['true', 'false']}
              clearable
              value={value === undefined ? null : String(value)}
              onChange={(chosen) => setField(name, chosen === null ? null : chosen === 'true')}
            />
          );
        if (type === 'string')
          return (
            <TextInput
              key={name}
              label={name}
              maxLength={256}
              value={String(value ?? '')}
              onChange={(event) => setField(name, event.currentTarget.value)}
            />
          );
        return (
          <NumberInput
            key={name}
            label={name}
            allowDecimal={type === 'float' || type === 'double'}
            value={(value as number | undefined) ?? ''}
            onChange={(input) => setField(name, input === '' ? null : Number(input))}
          />
        );
      })}
    </SimpleGrid>
  );
}
