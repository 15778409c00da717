import { Button, Card, Checkbox, Group, NumberInput, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { Problem } from '../shell/Problem';
import { LIMITS, SWITCHES } from './limits';

type Values = Record<string, unknown>;

/** Enrolment policy of a face set: the limits that a face must meet to be enrolled. */
export function PolicyCard({ set }: { set: string }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const policy = useQuery({
    queryKey: ['policy', project_id, set],
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/policy', {
          params: { path: { project_id, face_set_name: set } },
        }),
      ),
  });
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('rules.policy')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('rules.policyHint')}
      </Text>
      <Problem error={policy.error} retry={policy.refetch} />
      {policy.isPending && <Skeleton h={240} />}
      {policy.data && (
        <PolicyForm key={JSON.stringify(policy.data.policy)} set={set} stored={policy.data.policy as Values} />
      )}
    </Card>
  );
}

function PolicyForm({ set, stored }: { set: string; stored: Values }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const canWrite = hasRole(useSession().role, 'operator');
  const [values, setValues] = useState(stored);
  const params = { path: { project_id, face_set_name: set } };
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['policy'] });
  const defaults = useQuery({
    queryKey: ['default-policies', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/policies', { params: { path: { project_id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const saving = useMutation({
    mutationFn: () =>
      api.PUT('/x/v1/{project_id}/face-sets/{face_set_name}/policy', { params, body: { policy: values as never } }),
    onSuccess,
  });
  const removing = useMutation({
    mutationFn: () => api.DELETE('/x/v1/{project_id}/face-sets/{face_set_name}/policy', { params }),
    onSuccess,
  });
  const change = (name: string, value: unknown) => {
    const { [name]: _, ...others } = values;
    setValues(value === '' || value === false ? others : { ...others, [name]: value });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        {SWITCHES.map((name) => (
          <Checkbox
            key={name}
            label={t(`rules.limits.${name}`)}
            disabled={!canWrite}
            checked={values[name] === true}
            onChange={(event) => change(name, event.currentTarget.checked)}
          />
        ))}
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {LIMITS.map(({ name, min, max, step }) => (
            <NumberInput
              key={name}
              label={t(`rules.limits.${name}`)}
              placeholder={t('rules.noLimit')}
              disabled={!canWrite}
              min={min}
              max={max}
              step={step}
              value={(values[name] as number | undefined) ?? ''}
              onChange={(value) => change(name, value === '' ? '' : Number(value))}
            />
          ))}
        </SimpleGrid>
        <Problem error={saving.error ?? removing.error} />
        {canWrite && (
          <Group justify="flex-end">
            {defaults.data?.policies
              .filter(({ policy }) => Object.keys(policy).length > 0)
              .map(({ name, policy }) => (
                <Button key={name} variant="default" onClick={() => setValues(policy)}>
                  {t('rules.fillIn', { name })}
                </Button>
              ))}
            <Button
              variant="default"
              loading={removing.isPending}
              disabled={!Object.keys(stored).length}
              onClick={() => removing.mutate()}
            >
              {t('rules.removePolicy')}
            </Button>
            <Button
              type="submit"
              loading={saving.isPending}
              disabled={JSON.stringify(values) === JSON.stringify(stored)}
            >
              {t('rules.savePolicy')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
