import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Page for unknown paths and views that failed to render. */
export function Unknown() {
  const { t } = useTranslation();
  return (
    <Stack p="xl" align="center">
      <Title order={1}>{t('errors.unknownTitle')}</Title>
      <Text>{t('errors.unknown')}</Text>
      <Anchor href={import.meta.env.BASE_URL}>{t('nav.overview')}</Anchor>
    </Stack>
  );
}
