import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, authorizedFetch } from '../api/client';
import type { FaceSet } from '../api/types';
import { useProjectId } from '../api/useApi';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Problem } from '../shell/Problem';

/** Faces to delete: by id, or all that match a filter. */
export type Deletion = { faceIds: string[] } | { filter: string; count: number };

/** Confirm a deletion: a dialog for selected faces, a typed word for a filter. */
export function DeleteFaces({
  set,
  deletion,
  onClose,
}: {
  set: FaceSet;
  deletion: Deletion;
  onClose: (changed: boolean) => void;
}) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const path = { project_id, face_set_name: set.face_set_name };
  const deleting = useMutation({
    mutationFn: async () => {
      if ('filter' in deletion) {
        await api.DELETE('/v2/{project_id}/face-sets/{face_set_name}/faces/batch', {
          params: { path },
          body: { filter: deletion.filter },
        });
        return;
      }
      for (const id of deletion.faceIds) {
        const url = `/v2/${project_id}/face-sets/${encodeURIComponent(set.face_set_name)}/faces?face_id=${id}`;
        await authorizedFetch(new Request(`${window.location.origin}${url}`, { method: 'DELETE' }));
      }
    },
    onSuccess: () => onClose(true),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ['faces'] });
      await queries.invalidateQueries({ queryKey: ['face-sets'] });
    },
  });
  if ('filter' in deletion)
    return (
      <ConfirmByTyping
        title={t('faces.deleteFiltered', { count: deletion.count })}
        warning={t('faces.deleteFilterWarning', { count: deletion.count, filter: deletion.filter })}
        word={set.face_set_name}
        action={t('common.delete')}
        error={deleting.error}
        busy={deleting.isPending}
        onConfirm={() => deleting.mutate()}
        onClose={() => onClose(false)}
      />
    );
  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      title={t('faces.deleteChosen', { count: deletion.faceIds.length })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text size="sm">{t('faces.deleteWarning')}</Text>
        <Group gap={4}>
          {deletion.faceIds.slice(0, 20).map((id) => (
            <Code key={id}>{id}</Code>
          ))}
        </Group>
        <Problem error={deleting.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onClose(false)}>
            {t('common.cancel')}
          </Button>
          <Button data-autofocus color="red" loading={deleting.isPending} onClick={() => deleting.mutate()}>
            {t('common.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
