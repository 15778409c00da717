import { Button, Card, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Secret, type ShownSecret } from '../accounts/Secret';
import { api, data } from '../api/client';
import { Problem } from '../shell/Problem';

const HOUR = 3600;
const HOURS = ['1', '8', '24'];

/** Create a temporary access key with the rights of this session, to sign requests of an SDK. */
export function TemporaryKey() {
  const { t } = useTranslation();
  const [hours, setHours] = useState('1');
  const [secret, setSecret] = useState<ShownSecret>();
  const creating = useMutation({
    mutationFn: async () => {
      const identity = { methods: ['token'], token: { duration_seconds: Number(hours) * HOUR } };
      const response = api.POST('/v3.0/OS-CREDENTIAL/securitytokens', { body: { auth: { identity } } });
      return (await data(response)).credential;
    },
    onSuccess: (key) =>
      setSecret({
        title: t('account.temporaryKey'),
        lines: [
          { label: t('accounts.accessKey'), value: key.access },
          { label: t('accounts.secretKey'), value: key.secret },
          { label: t('account.securityToken'), value: key.securitytoken },
          { label: t('account.validUntil'), value: key.expires_at },
        ],
      }),
  });
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('account.temporaryKey')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('account.temporaryKeyHint')}
      </Text>
      <Stack>
        <Problem error={creating.error} />
        <Group align="end" justify="flex-end">
          <Select
            label={t('account.validity')}
            data={HOURS.map((value) => ({ value, label: t('account.hours', { count: Number(value) }) }))}
            allowDeselect={false}
            value={hours}
            onChange={(value) => setHours(value ?? '1')}
          />
          <Button variant="default" loading={creating.isPending} onClick={() => creating.mutate()}>
            {t('account.createTemporaryKey')}
          </Button>
        </Group>
      </Stack>
      {secret && <Secret secret={secret} onClose={() => setSecret(undefined)} />}
    </Card>
  );
}
