import { Autocomplete, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Conditions } from './conditions';

/** Operations and events that are often looked for; any other can be typed. */
const OPERATIONS = [
  'add_faces',
  'create_face_set',
  'create_key',
  'create_user',
  'delete_face_set',
  'delete_faces',
  'delete_user',
  'hold',
  'login failed',
  'reset_password',
  'retention',
  'search',
  'set_limits',
  'set_policy',
  'set_retention',
  'sign-in',
];

/** Inputs for the conditions on entries of the audit log. */
export function AuditConditions(props: { conditions: Conditions; onChange: (conditions: Conditions) => void }) {
  const { t } = useTranslation();
  const { conditions } = props;
  const set = (name: keyof Conditions) => (value: string) => props.onChange({ ...conditions, [name]: value });
  const text = (name: keyof Conditions, type: 'text' | 'date' = 'text') => (
    <TextInput
      type={type}
      label={t(`audit.${name}`)}
      maxLength={200}
      value={conditions[name]}
      onChange={(event) => set(name)(event.currentTarget.value)}
    />
  );
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 6 }}>
      {text('text')}
      {text('actor')}
      <Autocomplete
        label={t('audit.operation')}
        data={OPERATIONS}
        maxLength={64}
        value={conditions.operation}
        onChange={set('operation')}
      />
      <Select
        label={t('accounts.outcome')}
        data={['', 'success', 'failure'].map((value) => ({ value, label: t(`audit.outcomes.${value || 'any'}`) }))}
        allowDeselect={false}
        value={conditions.outcome}
        onChange={(value) => set('outcome')(value ?? '')}
      />
      {text('from', 'date')}
      {text('to', 'date')}
    </SimpleGrid>
  );
}
