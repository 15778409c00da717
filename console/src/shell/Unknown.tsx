import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** A place that is none, or a view that could not be shown. */
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
