import { Skeleton, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Outline of a view that is being loaded. */
export function Waiting() {
  const { t } = useTranslation();
  return (
    <Stack role="status" aria-label={t('shell.loading')}>
      <Skeleton h={36} w={220} />
      <Skeleton h={160} />
      <Skeleton h={160} />
    </Stack>
  );
}
