import { Stack, Tabs, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Active } from './Active';
import { Silent } from './Silent';

/** Liveness detection: silent, and with actions. */
export default function Liveness() {
  const { t } = useTranslation();
  return (
    <Stack>
      <Title order={1}>{t('nav.liveness')}</Title>
      <Tabs defaultValue="silent" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="silent">{t('liveness.silent')}</Tabs.Tab>
          <Tabs.Tab value="active">{t('liveness.active')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="silent">
          <Silent />
        </Tabs.Panel>
        <Tabs.Panel value="active">
          <Active />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
