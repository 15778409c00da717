import { Anchor, Badge, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';

const ENTRIES = 6;
const REFRESH = 60_000;

/** The newest entries of the audit log, for admins. */
export function RecentAudit() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const audit = useQuery({
    queryKey: ['audit', project_id, 'recent'],
    queryFn: () =>
      data(
        api.GET('/x/v1/accounts/{project_id}/audit', { params: { path: { project_id }, query: { limit: ENTRIES } } }),
      ),
    refetchInterval: REFRESH,
  });
  const entries = (audit.data?.entries ?? []) as unknown as Record<string, string>[];
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {t('overview.recent')}
        </Title>
        <Anchor component={Link} to="/accounts/audit" size="sm">
          {t('accounts.audit')}
        </Anchor>
      </Group>
      <Problem error={audit.error} />
      {audit.isPending && <Skeleton h={140} />}
      <Stack gap={6}>
        {entries.map((entry) => (
          <Group key={`${entry.request_id}${entry.time}`} gap="xs" wrap="nowrap" justify="space-between">
            <Text size="sm" truncate>
              <span className="numeric">{entry.time?.slice(11, 16)}</span> {entry.operation ?? entry.event} ·{' '}
              {entry.actor}
            </Text>
            <Badge variant="light" tt="none" color={entry.outcome === 'failure' ? 'red' : 'green'}>
              {t(`audit.outcomes.${entry.outcome}`, { defaultValue: entry.outcome ?? '' })}
            </Badge>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
