import { Button, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Shown in the shell in place of a view that failed to load or to render; the menu stays usable. */
export function Broken() {
  const { t } = useTranslation();
  return (
    <Stack p="xl" align="center" role="alert">
      <Title order={1} size="h2">
        {t('errors.brokenTitle')}
      </Title>
      <Text ta="center">{t('errors.broken')}</Text>
      <Button onClick={() => window.location.reload()}>{t('errors.reload')}</Button>
    </Stack>
  );
}
