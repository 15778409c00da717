import { ActionIcon, Button, Group, Modal, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { FIELD_TYPES } from '../api/types';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';

const MAX_FIELDS = 10;
const CAPACITY_STEP = 10_000;

interface FieldDraft {
  key: number;
  name: string;
  type: string;
}

/** Dialog to create a face set with custom fields. */
export function CreateFaceSet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [capacity, setCapacity] = useState<string | number>(100_000);
  const [fields, setFields] = useState<FieldDraft[]>([]);
  const [nextKey, setNextKey] = useState(0);
  const creating = useMutation({
    mutationFn: () =>
      api.POST('/v2/{project_id}/face-sets', {
        params: { path: { project_id } },
        body: {
          face_set_name: name,
          face_set_capacity: Number(capacity),
          external_fields: Object.fromEntries(fields.map((field) => [field.name, { type: field.type }])),
        },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['face-sets'] });
      onClose();
    },
  });
  const updateField = (key: number, change: Partial<FieldDraft>) =>
    setFields(fields.map((field) => (field.key === key ? { ...field, ...change } : field)));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('faceSets.create')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          creating.mutate();
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            label={t('faceSets.name')}
            required
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NumberInput
            label={t('faceSets.capacity')}
            description={t('faceSets.capacityHint')}
            min={CAPACITY_STEP}
            step={CAPACITY_STEP}
            thousandSeparator=" "
            value={capacity}
            onChange={setCapacity}
          />
          <Text fw={500} size="sm">
            {t('faceSets.fields')}
          </Text>
          {fields.map((field, index) => (
            <Group key={field.key} align="end" wrap="nowrap">
              <TextInput
                label={t('faceSets.fieldName', { number: index + 1 })}
                required
                maxLength={36}
                pattern="[A-Za-z0-9_\-]+"
                value={field.name}
                onChange={(event) => updateField(field.key, { name: event.currentTarget.value })}
                flex={1}
              />
              <Select
                label={t('faceSets.fieldType', { number: index + 1 })}
                data={FIELD_TYPES}
                allowDeselect={false}
                value={field.type}
                onChange={(type) => updateField(field.key, { type: type ?? 'string' })}
                w={120}
              />
              <ActionIcon
                variant="subtle"
                color="red"
                size="lg"
                aria-label={t('faceSets.removeField', { number: index + 1 })}
                onClick={() => setFields(fields.filter((each) => each.key !== field.key))}
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
          <Group>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden />}
              disabled={fields.length >= MAX_FIELDS}
              onClick={() => {
                setFields([...fields, { key: nextKey, name: '', type: 'string' }]);
                setNextKey(nextKey + 1);
              }}
            >
              {t('faceSets.addField')}
            </Button>
          </Group>
          <Problem error={creating.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={creating.isPending}>
              {t('common.create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
