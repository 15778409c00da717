import { Alert, Button, Code, Text } from '@mantine/core';
import { IconAlertTriangle, IconWifiOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiError, OfflineError } from '../api/errors';
import { translated } from '../i18n/messages';

/** Error message of the service with its code and request id. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  const offline = error instanceof OfflineError;
  return (
    <Alert
      color={offline ? 'orange' : 'red'}
      role="alert"
      icon={offline ? <IconWifiOff aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={offline ? t('errors.offline') : t('errors.refused')}
    >
      {!offline && <Text size="sm">{translated(error instanceof Error ? error.message : String(error))}</Text>}
      {error instanceof ApiError && (
        <Text size="xs" mt={4}>
          <Code>{error.code}</Code> {t('errors.request')} <Code>{error.requestId}</Code>
        </Text>
      )}
      {retry && (
        <Button mt="xs" size="xs" variant="default" onClick={retry}>
          {t('errors.retry')}
        </Button>
      )}
    </Alert>
  );
}
