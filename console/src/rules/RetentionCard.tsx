import { Button, Card, Group, NumberInput, Radio, Select, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { type FaceSet, fieldTypes } from '../api/types';
import { useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { Problem } from '../shell/Problem';
import { LegalHold } from './LegalHold';

interface Rule {
  days?: number | null;
  date_field?: string | null;
}

const DEFAULT_DAYS = 365;
const DATE_TYPES = ['string', 'long'];

/** Retention rule and legal hold of a face set. */
export function RetentionCard({ set }: { set: FaceSet }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const retention = useQuery({
    queryKey: ['retention', project_id, set.face_set_name],
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/retention', {
          params: { path: { project_id, face_set_name: set.face_set_name } },
        }),
      ),
  });
  const rule = retention.data?.retention;
  return (
    <>
      <Card withBorder>
        <Title order={2} size="h4">
          {t('rules.retention')}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {t('rules.retentionHint')}
        </Text>
        <Problem error={retention.error} retry={retention.refetch} />
        {retention.isPending && <Skeleton h={120} />}
        {rule && <RetentionForm key={JSON.stringify(rule)} set={set} stored={rule} />}
      </Card>
      {retention.data && <LegalHold set={set.face_set_name} reason={retention.data.legal_hold ?? ''} />}
    </>
  );
}

function RetentionForm({ set, stored }: { set: FaceSet; stored: Rule }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const canWrite = hasRole(useSession().role, 'operator');
  const fields = Object.entries(fieldTypes(set)).flatMap(([name, type]) => (DATE_TYPES.includes(type) ? [name] : []));
  const [kind, setKind] = useState(stored.date_field ? 'date' : stored.days ? 'age' : 'never');
  const [days, setDays] = useState<string | number>(stored.days ?? (stored.date_field ? 0 : DEFAULT_DAYS));
  const [field, setField] = useState(stored.date_field ?? fields[0] ?? '');
  const params = { path: { project_id, face_set_name: set.face_set_name } };
  const saving = useMutation({
    mutationFn: async () => {
      const path = '/x/v1/{project_id}/face-sets/{face_set_name}/retention';
      if (kind === 'never') await api.DELETE(path, { params });
      else {
        const dated = kind === 'date' ? { date_field: field } : {};
        const aged = kind === 'age' || Number(days) ? { days: Number(days) } : {};
        await api.PUT(path, { params, body: { retention: { ...aged, ...dated } } });
      }
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['retention'] }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <Radio.Group label={t('rules.expiry')} value={kind} onChange={setKind}>
          <Stack gap="xs" mt="xs">
            <Radio value="never" label={t('rules.never')} disabled={!canWrite} />
            <Radio value="age" label={t('rules.age')} disabled={!canWrite} />
            <Radio value="date" label={t('rules.date')} disabled={!canWrite || !fields.length} />
          </Stack>
        </Radio.Group>
        {kind !== 'never' && (
          <Group align="end">
            {kind === 'date' && (
              <Select
                label={t('rules.dateField')}
                data={fields}
                allowDeselect={false}
                disabled={!canWrite}
                value={field}
                onChange={(value) => setField(value ?? '')}
              />
            )}
            <NumberInput
              label={t(kind === 'date' ? 'rules.daysAfterDate' : 'rules.days')}
              disabled={!canWrite}
              required
              min={kind === 'date' ? 0 : 1}
              max={36_500}
              value={days}
              onChange={setDays}
            />
          </Group>
        )}
        <Problem error={saving.error} />
        {saving.isSuccess && (
          <Text size="sm" role="status">
            {t('rules.saved')}
          </Text>
        )}
        {canWrite && (
          <Group justify="flex-end">
            <Button type="submit" loading={saving.isPending}>
              {t('rules.saveRetention')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
