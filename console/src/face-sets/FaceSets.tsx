import { ActionIcon, Anchor, Badge, Button, Group, Skeleton, Stack, Table, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '../api/client';
import { fieldTypes } from '../api/types';
import { useFaceSets, useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { CreateFaceSet } from './CreateFaceSet';

/** Face sets of the project. */
export default function FaceSets() {
  const { t } = useTranslation();
  const sets = useFaceSets();
  const canWrite = hasRole(useSession().role, 'operator');
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState('');
  const create = canWrite && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t('faceSets.create')}
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t('nav.faceSets')}</Title>
        {create}
      </Group>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.isPending && <Skeleton h={200} />}
      {sets.data?.length === 0 && <Empty>{t('faceSets.none')}</Empty>}
      {!!sets.data?.length && (
        <Table.ScrollContainer type="native" minWidth={0} mah="75dvh">
          <Table highlightOnHover verticalSpacing="sm" stickyHeader className="listing">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('faceSets.name')}</Table.Th>
                <Table.Th>{t('faceSets.faces')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('faceSets.capacity')}</Table.Th>
                <Table.Th>{t('faceSets.fields')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('faceSets.created')}</Table.Th>
                {canWrite && <Table.Th className="actions" aria-label={t('common.actions')} />}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sets.data.map((set) => (
                <Table.Tr key={set.face_set_id}>
                  <Table.Td>
                    <Anchor component={Link} to={`/face-sets/${encodeURIComponent(set.face_set_name)}`} fw={600}>
                      {set.face_set_name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td className="numeric">{set.face_number.toLocaleString()}</Table.Td>
                  <Table.Td className="numeric" visibleFrom="sm">
                    {set.face_set_capacity.toLocaleString()}
                  </Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {Object.entries(fieldTypes(set)).map(([name, type]) => (
                        <Badge key={name} variant="light" tt="none">
                          {name}: {type}
                        </Badge>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td className="numeric" visibleFrom="sm">
                    {set.create_date}
                  </Table.Td>
                  {canWrite && (
                    <Table.Td className="actions">
                      <ActionIcon
                        variant="subtle"
                        color="red"
                        aria-label={t('faceSets.deleteNamed', { name: set.face_set_name })}
                        onClick={() => setDeleting(set.face_set_name)}
                      >
                        <IconTrash size={18} aria-hidden />
                      </ActionIcon>
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {creating && <CreateFaceSet onClose={() => setCreating(false)} />}
      {deleting && <DeleteFaceSet name={deleting} onClose={() => setDeleting('')} />}
    </Stack>
  );
}

/** Confirm and delete a face set. */
export function DeleteFaceSet({ name, onClose }: { name: string; onClose: (deleted?: boolean) => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () =>
      api.DELETE('/v2/{project_id}/face-sets/{face_set_name}', {
        params: { path: { project_id, face_set_name: name } },
      }),
    onSuccess: async () => {
      onClose(true);
      await queries.invalidateQueries({ queryKey: ['face-sets'] });
    },
  });
  return (
    <ConfirmByTyping
      title={t('faceSets.delete')}
      warning={t('faceSets.deleteWarning')}
      word={name}
      action={t('faceSets.delete')}
      error={deleting.error}
      busy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={() => onClose()}
    />
  );
}
