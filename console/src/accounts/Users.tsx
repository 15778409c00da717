import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Modal,
  Select,
  Skeleton,
  Stack,
  Switch,
  Table,
  TextInput,
} from '@mantine/core';
import { IconKey, IconLockOpen, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import type { User } from '../api/types';
import { useProjectId } from '../api/useApi';
import { useSession } from '../session/store';
import { Problem } from '../shell/Problem';
import { Keys } from './Keys';
import { Secret, type ShownSecret } from './Secret';

const ROLES = ['admin', 'operator', 'reader'] as const;
type Role = (typeof ROLES)[number];

/** Users of the project: their roles, access keys and passwords. */
export function Users() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const session = useSession();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [keysOf, setKeysOf] = useState<User>();
  const [secret, setSecret] = useState<ShownSecret>();
  const users = useQuery({
    queryKey: ['users', project_id],
    queryFn: () => data(api.GET('/x/v1/accounts/{project_id}/users', { params: { path: { project_id } } })),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['users'] });
  const path = (user: User) => ({ params: { path: { project_id, user_id: user.id } } });
  const setRole = useMutation({
    mutationFn: async ({ user, role }: { user: User; role: Role | '' }) => {
      if (role) await api.PUT('/x/v1/accounts/{project_id}/users/{user_id}/role', { ...path(user), body: { role } });
      else await api.DELETE('/x/v1/accounts/{project_id}/users/{user_id}/role', path(user));
    },
    onSettled: refresh,
  });
  const setEnabled = useMutation({
    mutationFn: ({ user, enabled }: { user: User; enabled: boolean }) =>
      api.PUT('/x/v1/accounts/{project_id}/users/{user_id}/enabled', { ...path(user), body: { enabled } }),
    onSettled: refresh,
  });
  const reset = useMutation({
    mutationFn: (user: User) => data(api.POST('/x/v1/accounts/{project_id}/users/{user_id}/password', path(user))),
    onSuccess: (response, user) =>
      setSecret({
        title: t('accounts.newPasswordOf', { name: user.name }),
        lines: [{ label: t('session.password'), value: response.password }],
      }),
  });
  return (
    <Stack>
      <Group justify="flex-end">
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
          {t('accounts.addUser')}
        </Button>
      </Group>
      <Problem error={users.error ?? setRole.error ?? setEnabled.error ?? reset.error} />
      {users.isPending && <Skeleton h={160} />}
      <Table.ScrollContainer type="native" minWidth={0} mah="75dvh">
        <Table verticalSpacing="sm" stickyHeader className="listing">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('session.user')}</Table.Th>
              <Table.Th>{t('accounts.role')}</Table.Th>
              <Table.Th>{t('accounts.enabled')}</Table.Th>
              <Table.Th className="actions" aria-label={t('common.actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {users.data?.users.map((user) => {
              const isSelf = user.id === session.user.id;
              return (
                <Table.Tr key={user.id}>
                  <Table.Td>
                    {user.name} {isSelf && <Badge variant="light">{t('accounts.you')}</Badge>}
                  </Table.Td>
                  <Table.Td>
                    <Select
                      size="xs"
                      w={{ base: 110, sm: 140 }}
                      aria-label={t('accounts.roleOf', { name: user.name })}
                      disabled={isSelf}
                      allowDeselect={false}
                      data={[
                        ...ROLES.map((role) => ({ value: role as string, label: t(`roles.${role}`) })),
                        { value: '', label: t('roles.none') },
                      ]}
                      value={user.role}
                      onChange={(role) => setRole.mutate({ user, role: (role ?? '') as Role | '' })}
                    />
                  </Table.Td>
                  <Table.Td>
                    <Switch
                      aria-label={t('accounts.enabledOf', { name: user.name })}
                      disabled={isSelf}
                      checked={user.enabled}
                      onChange={(event) => setEnabled.mutate({ user, enabled: event.currentTarget.checked })}
                    />
                  </Table.Td>
                  <Table.Td className="actions">
                    <Group gap={4} wrap="nowrap" hiddenFrom="sm">
                      <ActionIcon
                        variant="subtle"
                        aria-label={t('accounts.keysOf', { name: user.name })}
                        onClick={() => setKeysOf(user)}
                      >
                        <IconKey size={16} aria-hidden />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        aria-label={t('accounts.newPasswordOf', { name: user.name })}
                        disabled={isSelf}
                        onClick={() => reset.mutate(user)}
                      >
                        <IconLockOpen size={16} aria-hidden />
                      </ActionIcon>
                    </Group>
                    <Group gap="xs" justify="flex-end" wrap="nowrap" visibleFrom="sm">
                      <Button
                        size="xs"
                        variant="default"
                        leftSection={<IconKey size={14} aria-hidden />}
                        aria-label={t('accounts.keysOf', { name: user.name })}
                        onClick={() => setKeysOf(user)}
                      >
                        {t('accounts.keys')}
                      </Button>
                      <Button size="xs" variant="default" disabled={isSelf} onClick={() => reset.mutate(user)}>
                        {t('accounts.newPassword')}
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {adding && (
        <AddUser
          onClose={(created) => {
            setAdding(false);
            if (created) setSecret(created);
            void refresh();
          }}
        />
      )}
      {keysOf && <Keys user={keysOf} onSecret={setSecret} onClose={() => setKeysOf(undefined)} />}
      {secret && <Secret secret={secret} onClose={() => setSecret(undefined)} />}
    </Stack>
  );
}

function AddUser({ onClose }: { onClose: (created?: ShownSecret) => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const adding = useMutation({
    mutationFn: () =>
      data(api.POST('/x/v1/accounts/{project_id}/users', { params: { path: { project_id } }, body: { name, role } })),
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
