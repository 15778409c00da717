import { Alert, Button, Group } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useAway } from '../api/reachability';
import { useStatus } from '../api/useApi';

/** Time after which the version of the service is asked for again. */
const REFRESH = 60_000;

/** Notice that the service has another version than the one this page was loaded from. */
export function Updated() {
  const { t } = useTranslation();
  const away = useAway();
  const status = useStatus(REFRESH);
  const version = status.data?.version;
  const loaded = useRef(version);
  loaded.current ??= version;
  const wasAway = useRef(away);
  useEffect(() => {
    if (wasAway.current && !away) void status.refetch();
    wasAway.current = away;
  }, [away, status.refetch]);
  if (version === loaded.current) return null;
  return (
    <Alert icon={<IconRefresh aria-hidden />} mb="md" role="status">
      <Group justify="space-between">
        {t('shell.updated', { version })}
        <Button size="xs" onClick={() => window.location.reload()}>
          {t('shell.reload')}
        </Button>
      </Group>
    </Alert>
  );
}
