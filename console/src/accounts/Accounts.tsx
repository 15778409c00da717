import { Stack, Tabs, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { hasRole, useSession } from '../session/store';
import { Empty } from '../shell/Empty';
import { Audit } from './Audit';
import { Limits } from './Limits';
import { Users } from './Users';

/** User management, for project admins. */
export default function Accounts() {
  const { t } = useTranslation();
  const { tab = 'users' } = useParams();
  const navigate = useNavigate();
  const session = useSession();
  return (
    <Stack>
      <Title order={1}>{t('nav.accounts')}</Title>
      {!hasRole(session.role, 'admin') && <Empty>{t('accounts.adminsOnly')}</Empty>}
      {hasRole(session.role, 'admin') && (
        <Tabs value={tab} onChange={(value) => navigate(`/accounts/${value}`)} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="users">{t('accounts.users')}</Tabs.Tab>
            <Tabs.Tab value="limits">{t('accounts.limits')}</Tabs.Tab>
            <Tabs.Tab value="audit">{t('accounts.audit')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="users">
            <Users />
          </Tabs.Panel>
          <Tabs.Panel value="limits">
            <Limits />
          </Tabs.Panel>
          <Tabs.Panel value="audit">
            <Audit />
          </Tabs.Panel>
        </Tabs>
      )}
    </Stack>
  );
}
