import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { Problem } from '../shell/Problem';
import { type Credentials, signIn } from './store';

/** Message of the service for a password that signs in only after it has been changed. */
const MUST_CHANGE = 'The password must be changed first';

/** True if a sign-in failed because the password is for one use. */
export const mustChange = (error: unknown) => error instanceof Error && error.message.startsWith(MUST_CHANGE);

/** Replace a password for one use by a new one, and sign in with it. */
export function FirstPassword({ credentials }: { credentials: Credentials }) {
  const { t } = useTranslation();
  const [next, setNext] = useState('');
  const changing = useMutation({
    mutationFn: async () => {
      const { user: name, domain, password } = credentials;
      const user = { name, domain: { name: domain }, password };
      await api.POST('/x/v1/password', { body: { user, new_password: next } });
      await signIn({ ...credentials, password: next });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate();
      }}
    >
      <Stack mt="md">
        <Alert color="orange" role="status">
          {t('account.mustChange')}
        </Alert>
        <PasswordInput
          label={t('account.next')}
          required
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('session.showPassword') }}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <Problem error={changing.error} />
        <Button type="submit" loading={changing.isPending}>
          {t('account.change')}
        </Button>
      </Stack>
    </form>
  );
}
