import { Button, Code, Group, Modal, Progress, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, authorizedFetch } from '../api/client';
import type { FaceSet } from '../api/types';
import { useProjectId } from '../api/useApi';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Problem } from '../shell/Problem';
import { type Deleted, deleteFaces } from './deletion';

/** Faces to delete: by id, or all that match a filter. */
export type Deletion = { faceIds: string[] } | { filter: string; count: number };

/** More faces than this are deleted only after the name of the face set is typed. */
const MAX_WITHOUT_TYPING = 10;

interface Props<D> {
  set: FaceSet;
  deletion: D;
  /** Receives the ids of selected faces that do not exist any more. */
  onClose: (absent: string[]) => void;
}

/** Confirm a deletion: a dialog for a few faces, a typed word for many or for a filter. */
export function DeleteFaces({ set, deletion, onClose }: Props<Deletion>) {
  if ('filter' in deletion) return <DeleteMatching set={set} deletion={deletion} onClose={onClose} />;
  return <DeleteChosen set={set} deletion={deletion} onClose={onClose} />;
}

/** Refresh all numbers and lists of faces. */
function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    await queries.invalidateQueries({ queryKey: ['faces'] });
    await queries.invalidateQueries({ queryKey: ['face-sets'] });
  };
}

function DeleteMatching({ set, deletion, onClose }: Props<{ filter: string; count: number }>) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const deleting = useMutation({
    mutationFn: () =>
      api.DELETE('/v2/{project_id}/face-sets/{face_set_name}/faces/batch', {
        params: { path: { project_id, face_set_name: set.face_set_name } },
        body: { filter: deletion.filter },
      }),
    onSuccess: () => onClose([]),
    onSettled: useRefresh(),
  });
  return (
    <ConfirmByTyping
      title={t('faces.deleteFiltered', { count: deletion.count })}
      warning={t('faces.deleteFilterWarning', { count: deletion.count, filter: deletion.filter })}
      word={set.face_set_name}
      action={t('common.delete')}
      error={deleting.error}
      busy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={() => onClose([])}
    />
  );
}

function DeleteChosen({ set, deletion: { faceIds }, onClose }: Props<{ faceIds: string[] }>) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [earlier, setEarlier] = useState<Deleted>({ deleted: [], gone: [] });
  const [current, setCurrent] = useState<Deleted>({ deleted: [], gone: [] });
  const stop = useRef(new AbortController());
  const gone = [...earlier.gone, ...current.gone];
  const absent = [...earlier.deleted, ...current.deleted, ...gone];
  const url = `${window.location.origin}/v2/${project_id}/face-sets/${encodeURIComponent(set.face_set_name)}/faces`;
  const deleting = useMutation({
    mutationFn: () => {
      // a second attempt continues after the faces of the first
      setEarlier({ deleted: [...earlier.deleted, ...current.deleted], gone });
      setCurrent({ deleted: [], gone: [] });
      const remaining = faceIds.filter((id) => !absent.includes(id));
      const remove = (id: string) => authorizedFetch(new Request(`${url}?face_id=${id}`, { method: 'DELETE' }));
      return deleteFaces(remaining, remove, setCurrent, stop.current.signal);
    },
    onSuccess: () => {
      if (!stop.current.signal.aborted) onClose(faceIds);
    },
    onSettled: useRefresh(),
  });
  const close = () => {
    stop.current.abort();
    onClose(absent);
  };
  const title = t('faces.deleteChosen', { count: faceIds.length });
  const progress = (deleting.isPending || absent.length > 0) && (
    <div>
      <Text size="sm" role="status" className="numeric">
        {t(gone.length ? 'faces.deletedGone' : 'faces.deleted', {
          done: absent.length,
          total: faceIds.length,
          count: gone.length,
        })}
      </Text>
      <Progress value={(100 * absent.length) / faceIds.length} aria-label={t('faces.deleteProgress')} />
    </div>
  );
  if (faceIds.length > MAX_WITHOUT_TYPING)
    return (
      <ConfirmByTyping
        title={title}
        warning={t('faces.deleteWarning')}
        word={set.face_set_name}
        action={t('common.delete')}
        error={deleting.error}
        busy={deleting.isPending}
        onConfirm={() => deleting.mutate()}
        onClose={close}
      >
        {progress}
      </ConfirmByTyping>
    );
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <Text size="sm">{t('faces.deleteWarning')}</Text>
        <Group gap={4}>
          {faceIds.map((id) => (
            <Code key={id}>{id}</Code>
          ))}
        </Group>
        {progress}
        <Problem error={deleting.error} />
        <Group justify="flex-end">
          <Button data-autofocus variant="default" onClick={close}>
            {t(deleting.isPending ? 'common.stop' : 'common.cancel')}
          </Button>
          <Button color="red" loading={deleting.isPending} onClick={() => deleting.mutate()}>
            {t('common.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
