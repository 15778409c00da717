import { ActionIcon, Badge, Button, Group, Select, Skeleton, Stack, Switch, Table } from '@mantine/core';
import { IconKey, IconLockOpen, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import type { User } from '../api/types';
import { useProjectId } from '../api/useApi';
import { useSession } from '../session/store';
import { Problem } from '../shell/Problem';
import { AddUser } from './AddUser';
import { DeleteUser } from './DeleteUser';
import { Keys } from './Keys';
import { ResetPassword } from './ResetPassword';
import { ROLES, type Role } from './roles';
import { Secret, type ShownSecret } from './Secret';

/** Users of the project: their roles, access keys and passwords. */
export function Users() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const session = useSession();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [keysOf, setKeysOf] = useState<User>();
  const [resetting, setResetting] = useState<User>();
  const [deleting, setDeleting] = useState<User>();
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
  return (
    <Stack>
      <Group justify="flex-end">
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
          {t('accounts.addUser')}
        </Button>
      </Group>
      <Problem error={users.error ?? setRole.error ?? setEnabled.error} />
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
                        onClick={() => setResetting(user)}
                      >
                        <IconLockOpen size={16} aria-hidden />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="red"
                        aria-label={t('accounts.deleteUserNamed', { name: user.name })}
                        disabled={isSelf}
                        onClick={() => setDeleting(user)}
                      >
                        <IconTrash size={16} aria-hidden />
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
                      <Button size="xs" variant="default" disabled={isSelf} onClick={() => setResetting(user)}>
                        {t('accounts.newPassword')}
                      </Button>
                      <ActionIcon
                        variant="subtle"
                        color="red"
                        aria-label={t('accounts.deleteUserNamed', { name: user.name })}
                        disabled={isSelf}
                        onClick={() => setDeleting(user)}
                      >
                        <IconTrash size={16} aria-hidden />
                      </ActionIcon>
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
      {resetting && <ResetPassword user={resetting} onSecret={setSecret} onClose={() => setResetting(undefined)} />}
      {deleting && <DeleteUser user={deleting} onClose={() => setDeleting(undefined)} />}
      {secret && <Secret secret={secret} onClose={() => setSecret(undefined)} />}
    </Stack>
  );
}
