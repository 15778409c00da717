import { Alert, Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../shell/Problem';
import { signIn, signOut, useSession } from './store';

const WARNING_PERIOD = 5 * 60_000;

/** Prompt for the password when the token expires: the view stays open and pending requests wait. */
export function Renew() {
  const { t } = useTranslation();
  const session = useSession();
  const [now, setNow] = useState(Date.now);
  const [prompted, setPrompted] = useState(false);
  const [password, setPassword] = useState('');
  useInterval(() => setNow(Date.now()), 15_000, { autoInvoke: true });
  const renewing = useMutation({
    mutationFn: () =>
      signIn({ domain: session.domain.name, user: session.user.name, project: session.project.name, password }),
    onSuccess: () => {
      setPassword('');
      setPrompted(false);
      setNow(Date.now());
    },
  });
  const expired = session.state === 'expired';
  const soon = session.expiresAt - now < WARNING_PERIOD;
  return (
    <>
      {soon && !expired && (
        <Alert color="orange" role="status" pos="fixed" bottom={16} left={16} style={{ zIndex: 200 }}>
          <Group>
            <Text size="sm">{t('session.endsSoon')}</Text>
            <Button size="xs" variant="default" onClick={() => setPrompted(true)}>
              {t('session.stay')}
            </Button>
          </Group>
        </Alert>
      )}
      <Modal
        opened={expired || prompted}
        onClose={() => setPrompted(false)}
        withCloseButton={!expired}
        closeOnEscape={!expired}
        closeOnClickOutside={!expired}
        title={t(expired ? 'session.expired' : 'session.stay')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            renewing.mutate();
          }}
        >
          <Stack>
            <Text size="sm">{t('session.renewHint', { user: session.user.name })}</Text>
            <PasswordInput
              data-autofocus
              label={t('session.password')}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ 'aria-label': t('session.showPassword') }}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Problem error={renewing.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={signOut}>
                {t('session.signOut')}
              </Button>
              <Button type="submit" loading={renewing.isPending}>
                {t('session.signIn')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
