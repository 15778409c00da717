import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import type { User } from '../api/types';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';
import type { ShownSecret } from './Secret';

interface Props {
  user: User;
  onSecret: (secret: ShownSecret) => void;
  onClose: () => void;
}

/** Confirm and set a new password for a user. */
export function ResetPassword({ user, onSecret, onClose }: Props) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [oneTime, setOneTime] = useState(true);
  const title = t('accounts.newPasswordOf', { name: user.name });
  const reset = useMutation({
    mutationFn: () =>
      data(
        api.POST('/x/v1/accounts/{project_id}/users/{user_id}/password', {
          params: { path: { project_id, user_id: user.id } },
          body: { one_time: oneTime },
        }),
      ),
    onSuccess: ({ password }) => {
      onClose();
      onSecret({ title, lines: [{ label: t('session.password'), value: password }] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <Text size="sm">{t('accounts.newPasswordWarning')}</Text>
        <Checkbox
          label={t('accounts.oneTime')}
          checked={oneTime}
          onChange={(event) => setOneTime(event.currentTarget.checked)}
        />
        <Problem error={reset.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
          <Button loading={reset.isPending} onClick={() => reset.mutate()}>
            {t('accounts.newPassword')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
