import { Button, Card, Group, NumberInput, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';

const UNLIMITED_BY_ZERO = new Set(['rate', 'slow_rate', 'concurrent']);
const STEPS: Record<string, number> = { max_face_set_capacity: 10_000 };

type Values = Record<string, number>;

/** Limits of the project. Admins of the operator's domain can change them. */
export function Limits() {
  const project_id = useProjectId();
  const project = useQuery({
    queryKey: ['project', project_id],
    queryFn: () => data(api.GET('/x/v1/accounts/{project_id}', { params: { path: { project_id } } })),
  });
  const limits = project.data?.limits as Values | undefined;
  return (
    <Card withBorder>
      <Stack>
        <Problem error={project.error} retry={project.refetch} />
        {project.isPending && <Skeleton h={160} />}
        {limits && (
          <LimitsForm key={JSON.stringify(limits)} stored={limits} editable={!!project.data?.limits_editable} />
        )}
      </Stack>
    </Card>
  );
}

function LimitsForm({ stored, editable }: { stored: Values; editable: boolean }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const [values, setValues] = useState<Record<string, string | number>>(stored);
  const saving = useMutation({
    mutationFn: () => {
      const limits = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
      return api.PUT('/x/v1/accounts/{project_id}/limits', { params: { path: { project_id } }, body: { limits } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['project'] }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {Object.entries(values).map(([name, value]) => (
            <NumberInput
              key={name}
              label={t(`accounts.limit.${name}`)}
              description={UNLIMITED_BY_ZERO.has(name) ? t('accounts.zeroUnlimited') : undefined}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              required
              readOnly={!editable}
              min={0}
              step={STEPS[name]}
              thousandSeparator=" "
              value={value}
              onChange={(next) => setValues({ ...values, [name]: next })}
            />
          ))}
        </SimpleGrid>
        <Problem error={saving.error} />
        {editable && (
          <Group justify="flex-end">
            <Button
              type="submit"
              loading={saving.isPending}
              disabled={JSON.stringify(values) === JSON.stringify(stored)}
            >
              {t('accounts.saveLimits')}
            </Button>
          </Group>
        )}
        {!editable && (
          <Text size="sm" c="dimmed">
            {t('accounts.limitsHint')}
          </Text>
        )}
      </Stack>
    </form>
  );
}
