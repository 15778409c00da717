import { Alert, Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Problem } from '../shell/Problem';

/** Legal hold of a face set: while it is in place, nothing in the set is deleted. */
export function LegalHold({ set, reason }: { set: string; reason: string }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const isAdmin = hasRole(useSession().role, 'admin');
  const [typed, setTyped] = useState('');
  const [releasing, setReleasing] = useState(false);
  const params = { path: { project_id, face_set_name: set } };
  const path = '/x/v1/{project_id}/face-sets/{face_set_name}/legal-hold';
  const refresh = () => queries.invalidateQueries({ queryKey: ['retention'] });
  const placing = useMutation({
    mutationFn: () => api.PUT(path, { params, body: { reason: typed } }),
    onSuccess: () => {
      setTyped('');
      return refresh();
    },
  });
  const release = useMutation({
    mutationFn: () => api.DELETE(path, { params }),
    onSuccess: () => {
      setReleasing(false);
      return refresh();
    },
  });
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('rules.hold')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('rules.holdHint')}
      </Text>
      <Stack>
        {reason && (
          <Alert color="orange" icon={<IconLock aria-hidden />} role="status">
            <Group justify="space-between">
              <Text size="sm">{t('rules.held', { reason })}</Text>
              {isAdmin && (
                <Button size="xs" variant="default" onClick={() => setReleasing(true)}>
                  {t('rules.release')}
                </Button>
              )}
            </Group>
          </Alert>
        )}
        {!reason && !isAdmin && <Text size="sm">{t('rules.notHeld')}</Text>}
        {!reason && isAdmin && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              placing.mutate();
            }}
          >
            <Group align="end">
              <TextInput
                label={t('rules.reason')}
                required
                maxLength={256}
                flex={1}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" loading={placing.isPending}>
                {t('rules.place')}
              </Button>
            </Group>
          </form>
        )}
        <Problem error={placing.error} />
      </Stack>
      {releasing && (
        <ConfirmByTyping
          title={t('rules.release')}
          warning={t('rules.releaseWarning')}
          word={set}
          action={t('rules.release')}
          error={release.error}
          busy={release.isPending}
          onConfirm={() => release.mutate()}
          onClose={() => setReleasing(false)}
        />
      )}
    </Card>
  );
}
