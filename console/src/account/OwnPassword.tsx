import { Alert, Button, Card, Group, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { signIn, useSession } from '../session/store';
import { Problem } from '../shell/Problem';

const EMPTY = { current: '', next: '', repeated: '' };

/** Change the own password; other sessions of the user end, this one continues. */
export function OwnPassword() {
  const { t } = useTranslation();
  const { user, domain, project } = useSession();
  const [words, setWords] = useState(EMPTY);
  const changing = useMutation({
    mutationFn: async () => {
      await api.POST('/x/v1/password', {
        body: {
          user: { name: user.name, domain: { name: domain.name }, password: words.current },
          new_password: words.next,
        },
      });
      await signIn({ domain: domain.name, user: user.name, project: project.name, password: words.next });
    },
    onSuccess: () => setWords(EMPTY),
  });
  const differs = words.repeated !== '' && words.repeated !== words.next;
  const field = (name: keyof typeof EMPTY, autoComplete: string) => ({
    label: t(`account.${name}`),
    required: true,
    autoComplete,
    value: words[name],
    visibilityToggleButtonProps: { 'aria-label': t('session.showPassword') },
    onChange: (event: { currentTarget: { value: string } }) =>
      setWords({ ...words, [name]: event.currentTarget.value }),
  });
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('account.password')}
      </Title>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate();
        }}
      >
        <Stack>
          <PasswordInput {...field('current', 'current-password')} />
          <PasswordInput {...field('next', 'new-password')} />
          <PasswordInput {...field('repeated', 'new-password')} error={differs && t('account.differs')} />
          <Text size="sm" c="dimmed">
            {t('account.passwordHint')}
          </Text>
          <Problem error={changing.error} />
          {changing.isSuccess && (
            <Alert color="green" role="status">
              {t('account.changed')}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button
              type="submit"
              loading={changing.isPending}
              disabled={!words.current || !words.next || words.repeated !== words.next}
            >
              {t('account.change')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
