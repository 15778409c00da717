import { Button, Card, Center, Code, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Preferences } from '../shell/Preferences';
import { Problem } from '../shell/Problem';
import { FirstPassword, mustChange } from './FirstPassword';
import { OPENID, offersOpenId, signIn, wasRefused } from './store';

/** Sign-in form. The password stays in this page's memory. */
export function SignIn() {
  const { t } = useTranslation();
  const [credentials, setCredentials] = useState({ domain: 'openfrs', user: 'admin', password: '', project: '' });
  const signingIn = useMutation({ mutationFn: () => signIn(credentials) });
  const openId = useQuery({ queryKey: ['openid'], queryFn: offersOpenId, retry: false });
  const field = (name: keyof typeof credentials) => ({
    value: credentials[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setCredentials({ ...credentials, [name]: event.currentTarget.value }),
  });
  return (
    <main>
      <Group justify="flex-end" p="md">
        <Preferences />
      </Group>
      <Center p="md">
        <Card withBorder padding="xl" w="100%" maw={420}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              signingIn.mutate();
            }}
          >
            <Stack>
              <Group>
                <img src={`${import.meta.env.BASE_URL}favicon.svg`} width={36} height={36} alt="" />
                <Title order={1} size="h2">
                  {t('session.title')}
                </Title>
              </Group>
              <TextInput label={t('session.domain')} required autoComplete="organization" {...field('domain')} />
              <TextInput label={t('session.user')} required autoComplete="username" {...field('user')} />
              <PasswordInput
                label={t('session.password')}
                required
                autoComplete="current-password"
                visibilityToggleButtonProps={{ 'aria-label': t('session.showPassword') }}
                {...field('password')}
              />
              <TextInput label={t('session.project')} description={t('session.projectHint')} {...field('project')} />
              <Problem error={mustChange(signingIn.error) ? undefined : signingIn.error} />
              <Button type="submit" loading={signingIn.isPending}>
                {t('session.signIn')}
              </Button>
              {openId.data && (
                <Button component="a" href={OPENID} variant="default">
                  {t('session.openId')}
                </Button>
              )}
              {wasRefused() && (
                <Text size="sm" c="red" role="alert">
                  {t('session.refused')}
                </Text>
              )}
              <Text size="sm" c="dimmed">
                {t('session.firstRun')} <Code>data/credentials.json</Code>
              </Text>
            </Stack>
          </form>
          {mustChange(signingIn.error) && <FirstPassword credentials={credentials} />}
        </Card>
      </Center>
    </main>
  );
}
