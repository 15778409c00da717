import { Button, Checkbox, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';
import { ROLES, type Role } from './roles';
import type { ShownSecret } from './Secret';

/** Dialog to create a user with a role on the project. */
export function AddUser({ onClose }: { onClose: (created?: ShownSecret) => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [oneTime, setOneTime] = useState(true);
  const adding = useMutation({
    mutationFn: () =>
      data(
        api.POST('/x/v1/accounts/{project_id}/users', {
          params: { path: { project_id } },
          body: { name, role, one_time: oneTime },
        }),
      ),
    onSuccess: (created) =>
      onClose({
        title: t('accounts.userMade', { name: created.user.name }),
        lines: [{ label: t('session.password'), value: created.password }],
      }),
  });
  return (
    <Modal
      opened
      onClose={() => onClose()}
      title={t('accounts.addUser')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          adding.mutate();
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            label={t('session.user')}
            required
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t('accounts.role')}
            allowDeselect={false}
            data={ROLES.map((each) => ({ value: each, label: t(`roles.${each}`) }))}
            value={role}
            onChange={(value) => setRole((value ?? 'reader') as Role)}
          />
          <Checkbox
            label={t('accounts.oneTime')}
            checked={oneTime}
            onChange={(event) => setOneTime(event.currentTarget.checked)}
          />
          <Problem error={adding.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => onClose()}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={adding.isPending}>
              {t('common.create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
