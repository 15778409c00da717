import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { type Face, type FaceSet, type FieldValue, fieldTypes } from '../api/types';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';
import { FieldInputs } from './FieldInputs';

/** Edit a face's external image id and fields. The API merges fields, so a field cannot be removed. */
export function EditFace({ set, face, onClose }: { set: FaceSet; face: Face; onClose: () => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const [id, setId] = useState(face.external_image_id);
  const [fields, setFields] = useState(face.external_fields as Record<string, FieldValue>);
  const saving = useMutation({
    mutationFn: () =>
      api.PUT('/v2/{project_id}/face-sets/{face_set_name}/faces', {
        params: { path: { project_id, face_set_name: set.face_set_name } },
        body: { face_id: face.face_id, external_image_id: id, external_fields: fields },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['faces'] });
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('faces.edit', { id: face.face_id })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          saving.mutate();
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            label="external_image_id"
            required
            maxLength={36}
            pattern="[A-Za-z0-9_\-]+"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
          />
          <FieldInputs types={fieldTypes(set)} values={fields} onChange={setFields} />
          <Problem error={saving.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={saving.isPending}>
              {t('common.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
