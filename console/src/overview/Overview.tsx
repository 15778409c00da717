import { Anchor, Badge, Card, Group, Progress, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import { useFaceSets, useModels, useProjectId } from '../api/useApi';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { ActivityChart } from './ActivityChart';

const REFRESH = 15_000;

/** Health, activity, face sets and accuracy at a glance. */
export default function Overview() {
  const { t } = useTranslation();
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t('nav.overview')}</Title>
        <Health />
      </Group>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Activity />
        <Sets />
      </SimpleGrid>
      <Accuracy />
    </Stack>
  );
}

function Health() {
  const { t } = useTranslation();
  const ready = useQuery({
    queryKey: ['ready'],
    queryFn: () => data(api.GET('/ready')),
    refetchInterval: REFRESH,
    retry: false,
  });
  if (ready.isPending) return <Badge color="gray">{t('overview.asking')}</Badge>;
  return (
    <Badge size="lg" variant="light" color={ready.isSuccess ? 'green' : 'red'} role="status">
      {t(ready.isSuccess ? 'overview.ready' : 'overview.notReady')}
    </Badge>
  );
}

function Activity() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const activity = useQuery({
    queryKey: ['activity', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/activity', { params: { path: { project_id } } })),
    refetchInterval: REFRESH,
  });
  const minutes = activity.data?.minutes ?? [];
  const sum = (column: 'requests' | 'errors') => minutes.reduce((total, minute) => total + minute[column], 0);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('overview.lastHour')}
      </Title>
      <Problem error={activity.error} />
      {activity.isPending && <Skeleton h={140} />}
      {activity.data && (
        <>
          <Group gap="xl">
            <Figure label={t('overview.requests')} value={sum('requests')} />
            <Figure label={t('overview.errors')} value={sum('errors')} />
          </Group>
          <ActivityChart minutes={minutes} />
        </>
      )}
    </Card>
  );
}

function Figure({ label, value }: { label: string; value: number }) {
  return (
    <div>
      <Text size="xl" fw={700} className="numeric">
        {value.toLocaleString()}
      </Text>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </div>
  );
}

function Sets() {
  const { t } = useTranslation();
  const sets = useFaceSets(REFRESH);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('nav.faceSets')}
      </Title>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.isPending && <Skeleton h={140} />}
      {sets.data?.length === 0 && (
        <Empty
          action={
            <Anchor component={Link} to="/face-sets">
              {t('faceSets.create')}
            </Anchor>
          }
        >
          {t('faceSets.none')}
        </Empty>
      )}
      <Stack gap="sm">
        {sets.data?.map((set) => (
          <div key={set.face_set_id}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <Anchor component={Link} to={`/face-sets/${encodeURIComponent(set.face_set_name)}`} truncate>
                {set.face_set_name}
              </Anchor>
              <Text size="sm" c="dimmed" className="numeric">
                {t('overview.of', {
                  count: set.face_number,
                  faces: set.face_number.toLocaleString(),
                  capacity: set.face_set_capacity.toLocaleString(),
                })}
              </Text>
            </Group>
            <Progress
              value={(100 * set.face_number) / set.face_set_capacity}
              aria-label={t('overview.filled', { name: set.face_set_name })}
            />
          </div>
        ))}
      </Stack>
    </Card>
  );
}

function Accuracy() {
  const { t } = useTranslation();
  const models = useModels();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('overview.accuracy')}
      </Title>
      <Problem error={models.error} />
      {models.isPending && <Skeleton h={200} />}
      {models.data && (
        <>
          <Text size="sm" c="dimmed" mb="sm">
            {t('overview.accuracyHint', {
              embedder: models.data.embedder,
              data: models.data.calibration.data,
              pairs: models.data.calibration.impostor_pairs.toLocaleString(),
            })}
          </Text>
          <Table.ScrollContainer minWidth={320}>
            <Table striped className="numeric">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('overview.threshold')}</Table.Th>
                  <Table.Th>{t('overview.falseMatchRate')}</Table.Th>
                  <Table.Th>{t('overview.trueMatchRate')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {models.data.calibration.operating_points.map((point) => (
                  <Table.Tr key={point.similarity}>
                    <Table.Td>{point.similarity.toFixed(2)}</Table.Td>
                    <Table.Td>{point.false_match_rate.toExponential(1)}</Table.Td>
                    <Table.Td>{(100 * point.true_match_rate).toFixed(2)} %</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
      )}
    </Card>
  );
}
