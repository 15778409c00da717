import { Anchor, Badge, Card, Group, Progress, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import { useFaceSets, useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { ActivityChart } from './ActivityChart';
import { ModelCard } from './ModelCard';
import { RecentAudit } from './RecentAudit';
import { Status } from './Status';
import { TryIt } from './TryIt';

const REFRESH = 15_000;

/** Health, activity, face sets, recent audit entries and accuracy at a glance. */
export default function Overview() {
  const { t } = useTranslation();
  const { role } = useSession();
  const isAdmin = hasRole(role, 'admin');
  const isEmpty = useFaceSets(REFRESH).data?.length === 0;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t('nav.overview')}</Title>
        <Health />
      </Group>
      {isEmpty && hasRole(role, 'operator') && <TryIt />}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Activity />
        <Sets />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Status />
        {isAdmin && <RecentAudit />}
      </SimpleGrid>
      <ModelCard />
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
  const sum = (column: 'requests' | 'client_errors' | 'server_errors') =>
    minutes.reduce((total, minute) => total + minute[column], 0);
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
            <Figure label={t('overview.client-errors')} value={sum('client_errors')} />
            <Figure label={t('overview.server-errors')} value={sum('server_errors')} />
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
