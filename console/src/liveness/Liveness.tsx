import { Stack, Tabs, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useAddress } from '../shell/useAddress';
import { Active } from './Active';
import { Session } from './Session';
import { Silent } from './Silent';

/** Liveness detection: silent, and with actions. */
export default function Liveness() {
  const { t } = useTranslation();
  const [{ tab }, change] = useAddress({ tab: 'silent' });
  return (
    <Stack>
      <Title order={1}>{t('nav.liveness')}</Title>
      <Tabs value={tab} onChange={(value) => change({ tab: value ?? 'silent' })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="silent">{t('liveness.silent')}</Tabs.Tab>
          <Tabs.Tab value="active">{t('liveness.active')}</Tabs.Tab>
          <Tabs.Tab value="session">{t('liveness.session')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="silent">
          <Silent />
        </Tabs.Panel>
        <Tabs.Panel value="active">
          <Active />
        </Tabs.Panel>
        <Tabs.Panel value="session">
          <Session />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
