import { ActionIcon, Button, Code, Group, Modal, Skeleton, Stack, Table } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import type { User } from '../api/types';
import { useProjectId } from '../api/useApi';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import type { ShownSecret } from './Secret';

interface Props {
  user: User;
  onSecret: (secret: ShownSecret) => void;
  onClose: () => void;
}

/** Access keys of a user; a new key's secret is shown only once. */
export function Keys({ user, onSecret, onClose }: Props) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const [deleting, setDeleting] = useState('');
  const params = { path: { project_id, user_id: user.id } };
  const keys = useQuery({
    queryKey: ['keys', project_id, user.id],
    queryFn: () => data(api.GET('/x/v1/accounts/{project_id}/users/{user_id}/keys', { params })),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['keys'] });
  const creating = useMutation({
    mutationFn: () => data(api.POST('/x/v1/accounts/{project_id}/users/{user_id}/keys', { params })),
    onSuccess: (key) => {
      void refresh();
      onClose();
      onSecret({
        title: t('accounts.keyMade', { name: user.name }),
        lines: [
          { label: t('accounts.accessKey'), value: key.access_key },
          { label: t('accounts.secretKey'), value: key.secret_key },
        ],
      });
    },
  });
  const removing = useMutation({
    mutationFn: (access_key: string) =>
      api.DELETE('/x/v1/accounts/{project_id}/keys/{access_key}', { params: { path: { project_id, access_key } } }),
    onSuccess: () => {
      setDeleting('');
      return refresh();
    },
  });
  if (deleting)
    return (
      <ConfirmByTyping
        title={t('accounts.deleteKey')}
        warning={t('accounts.deleteKeyWarning', { key: deleting })}
        word={deleting.slice(0, 4)}
        action={t('common.delete')}
        error={removing.error}
        busy={removing.isPending}
        onConfirm={() => removing.mutate(deleting)}
        onClose={() => setDeleting('')}
      />
    );
  const time = (text?: string | null) => (text ? text.replace('T', ' ').slice(0, 16) : t('accounts.never'));
  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={t('accounts.keysOf', { name: user.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Problem error={keys.error ?? creating.error} />
        {keys.isPending && <Skeleton h={80} />}
        {keys.data?.keys.length === 0 && <Empty>{t('accounts.noKeys')}</Empty>}
        {!!keys.data?.keys.length && (
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('accounts.accessKey')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('faceSets.created')}</Table.Th>
                <Table.Th>{t('accounts.lastUsed')}</Table.Th>
                <Table.Th aria-label={t('common.actions')} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {keys.data.keys.map((key) => (
                <Table.Tr key={key.access_key}>
                  <Table.Td>
                    <Code>{key.access_key}</Code>
                  </Table.Td>
                  <Table.Td className="numeric" visibleFrom="sm">
                    {time(key.created_at)}
                  </Table.Td>
                  <Table.Td className="numeric">{time(key.last_used_at)}</Table.Td>
                  <Table.Td>
                    <ActionIcon
                      variant="subtle"
                      color="red"
                      aria-label={t('accounts.deleteKeyNamed', { key: key.access_key })}
                      onClick={() => setDeleting(key.access_key)}
                    >
                      <IconTrash size={16} aria-hidden />
                    </ActionIcon>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Group justify="flex-end">
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            loading={creating.isPending}
            onClick={() => creating.mutate()}
          >
            {t('accounts.createKey')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
