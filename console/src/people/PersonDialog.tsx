import { Button, Checkbox, Code, Group, Modal, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Thumbnail } from '../faces/Thumbnail';
import { Problem } from '../shell/Problem';
import { useChange, usePersonFaces } from './usePeople';

interface Props {
  set: string;
  person: string;
  canWrite: boolean;
  /** Receives the new id if the person was renamed. */
  onClose: (renamed?: string) => void;
}

/** The faces of a person; rename the person, or give some faces to another one. */
export function PersonDialog({ set, person, canWrite, onClose }: Props) {
  const { t } = useTranslation();
  const faces = usePersonFaces(set, person);
  const [chosen, setChosen] = useState<string[]>([]);
  const [id, setId] = useState(person);
  const changing = useChange(set, (change) => {
    setChosen([]);
    if (change.action === 'rename') onClose(change.new_external_image_id);
    else setId(person);
  });
  const rows = faces.data?.faces ?? [];
  const total = faces.data?.total ?? 0;
  const splits = chosen.length > 0 && chosen.length < total;
  const canSave = id !== person && (splits || chosen.length === 0);
  return (
    <Modal
      opened
      size="lg"
      onClose={() => onClose()}
      title={person}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            splits
              ? { action: 'split', external_image_id: person, face_ids: chosen, new_external_image_id: id }
              : { action: 'rename', external_image_id: person, new_external_image_id: id },
          );
        }}
      >
        <Stack>
          <Problem error={faces.error} retry={faces.refetch} />
          {faces.isPending && <Skeleton h={100} />}
          <Text size="sm" role="status" className="numeric">
            {t('faces.total', { count: total, total: total.toLocaleString() })}
          </Text>
          <Stack gap="xs" component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
            {rows.map((face) => (
              <li key={face.face_id}>
                <Group wrap="nowrap">
                  {canWrite && total > 1 && (
                    <Checkbox
                      aria-label={t('faces.choose', { id: face.face_id })}
                      checked={chosen.includes(face.face_id)}
                      onChange={(event) =>
                        setChosen(
                          event.currentTarget.checked
                            ? [...chosen, face.face_id]
                            : chosen.filter((each) => each !== face.face_id),
                        )
                      }
                    />
                  )}
                  <Thumbnail set={set} faceId={face.face_id} size={56} />
                  <Code>{face.face_id}</Code>
                </Group>
              </li>
            ))}
          </Stack>
          {canWrite && (
            <>
              <TextInput
                data-autofocus
                label={t(splits ? 'people.splitId' : 'people.newId')}
                description={t('people.splitHint')}
                required
                maxLength={36}
                pattern="[A-Za-z0-9_\-]+"
                value={id}
                onChange={(event) => setId(event.currentTarget.value)}
              />
              <Problem error={changing.error} />
              <Group justify="flex-end">
                <Button variant="default" onClick={() => onClose()}>
                  {t('common.close')}
                </Button>
                <Button type="submit" disabled={!canSave} loading={changing.isPending}>
                  {t(splits ? 'people.split' : 'people.rename')}
                </Button>
              </Group>
            </>
          )}
        </Stack>
      </form>
    </Modal>
  );
}
