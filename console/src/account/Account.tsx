import { Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session/store';
import { OwnPassword } from './OwnPassword';
import { TemporaryKey } from './TemporaryKey';

/** The signed-in user's own account. */
export default function Account() {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <Stack maw={560}>
      <Title order={1}>{t('nav.account')}</Title>
      <Text size="sm">
        {t('account.signedIn', {
          user: session.user.name,
          domain: session.domain.name,
          project: session.project.name,
          role: t(`roles.${session.role}`),
        })}
      </Text>
      <OwnPassword />
      <TemporaryKey />
    </Stack>
  );
}
