import { Badge, Button, Card, Checkbox, Code, Group, Progress, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { IconFolder, IconPhotoPlus, IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { onBack } from '../api/reachability';
import { type FaceSet, type FieldValue, fieldTypes } from '../api/types';
import { useProjectId } from '../api/useApi';
import { translated } from '../i18n/messages';
import { ACCEPT, UnreadablePhoto } from '../images/prepare';
import { keepThumbnail } from '../images/thumbnails';
import { type DroppedFile, droppedFiles, selectedFiles } from './dropped';
import { FieldInputs } from './FieldInputs';
import { Review } from './Review';
import { type Options, type State, type Upload, UploadQueue } from './uploads';

const COLOURS: Record<State, string> = {
  waiting: 'gray',
  review: 'cyan',
  sending: 'blue',
  added: 'green',
  known: 'yellow',
  refused: 'red',
};

/** Upload files and folders into a face set and list the result of each file. */
export function AddFaces({ set }: { set: FaceSet }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const project_id = useProjectId();
  const [single, setSingle] = useState(true);
  const [skipKnown, setSkipKnown] = useState(true);
  const [nameAsId, setNameAsId] = useState(true);
  const [fields, setFields] = useState<Record<string, FieldValue>>({});
  const options = useRef<Options>(null as unknown as Options);
  options.current = {
    project_id,
    path: `/v2/${project_id}/face-sets/${encodeURIComponent(set.face_set_name)}/faces`,
    set: set.face_set_name,
    single,
    skipKnown,
    nameAsId,
    keepsNames: fieldTypes(set).name === 'string',
    fields,
  };
  const [queue] = useState(
    () =>
      new UploadQueue(
        () => options.current,
        (upload) => {
          for (const face of upload.faces)
            void keepThumbnail(face.face_id, upload.photo, face.bounding_box)
              .catch(() => undefined) // the browser cannot decode this format
              .then(() => queries.invalidateQueries({ queryKey: ['faces'] }));
          void queries.invalidateQueries({ queryKey: ['face-sets'] });
        },
      ),
  );
  const uploads = useSyncExternalStore(queue.subscribe, queue.snapshot);
  useEffect(() => {
    const onBeforeUnload = (event: BeforeUnloadEvent) => {
      if (queue.uploads.some((each) => each.state === 'waiting' || each.state === 'sending')) event.preventDefault();
    };
    const end = onBack(() => queue.pause(false));
    window.addEventListener('beforeunload', onBeforeUnload);
    return () => {
      window.removeEventListener('beforeunload', onBeforeUnload);
      end();
    };
  }, [queue]);

  return (
    <Card withBorder>
      <Stack>
        <DropZone onFiles={(files) => queue.add(files)} />
        <Group>
          <Checkbox
            label={t('add.nameAsId')}
            checked={nameAsId}
            onChange={(e) => setNameAsId(e.currentTarget.checked)}
          />
          <Checkbox label={t('add.single')} checked={single} onChange={(e) => setSingle(e.currentTarget.checked)} />
          <Checkbox
            label={t('add.skipKnown')}
            checked={skipKnown}
            onChange={(e) => setSkipKnown(e.currentTarget.checked)}
          />
        </Group>
        <FieldInputs types={fieldTypes(set)} values={fields} onChange={setFields} />
        <Review queue={queue} uploads={uploads} />
        {uploads.length > 0 && <Uploads queue={queue} uploads={uploads} />}
      </Stack>
    </Card>
  );
}

function DropZone({ onFiles }: { onFiles: (files: DroppedFile[]) => void }) {
  const { t } = useTranslation();
  const [dragOver, setDragOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const addSelected = (input: HTMLInputElement) => {
    onFiles(selectedFiles(input.files ?? []));
    input.value = '';
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an alternative to the buttons inside
    <div
      className="drop"
      data-over={dragOver}
      data-testid="drop"
      onDragOver={(event) => {
        event.preventDefault();
        setDragOver(true);
      }}
      onDragLeave={() => setDragOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDragOver(false);
        void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      <Text mb="sm">{t('add.drop')}</Text>
      <Group justify="center">
        <Button leftSection={<IconPhotoPlus size={16} aria-hidden />} onClick={() => files.current?.click()}>
          {t('add.files')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconFolder size={16} aria-hidden />}
          onClick={() => folder.current?.click()}
        >
          {t('add.folder')}
        </Button>
      </Group>
      <input
        ref={files}
        type="file"
        multiple
        accept={ACCEPT}
        hidden
        aria-label={t('add.files')}
        onChange={(event) => addSelected(event.currentTarget)}
      />
      <input
        ref={(input) => {
          folder.current = input;
          input?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        hidden
        aria-label={t('add.folder')}
        onChange={(event) => addSelected(event.currentTarget)}
      />
    </div>
  );
}

function Uploads({ queue, uploads }: { queue: UploadQueue; uploads: readonly Upload[] }) {
  const { t } = useTranslation();
  const count = (state: State) => uploads.filter((each) => each.state === state).length;
  const done = count('added') + count('known') + count('refused');
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="sm" role="status">
          {t('add.progress', { added: count('added'), refused: count('refused'), total: uploads.length })}
          {count('known') > 0 && ` ${t('add.known', { count: count('known') })}`}
        </Text>
        <Group gap="xs">
          {done < uploads.length && (
            <Button
              size="xs"
              variant="default"
              leftSection={
                queue.paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />
              }
              onClick={() => queue.pause(!queue.paused)}
            >
              {t(queue.paused ? 'add.resume' : 'add.pause')}
            </Button>
          )}
          {count('known') > 0 && (
            <Button size="xs" variant="default" onClick={() => queue.addKnown()}>
              {t('add.addKnown')}
            </Button>
          )}
          {count('refused') > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={() => queue.retry()}
            >
              {t('add.retryAll')}
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => queue.clear()}>
            {t('add.clear')}
          </Button>
        </Group>
      </Group>
      <Progress value={(100 * done) / uploads.length} aria-label={t('add.progressBar')} />
      <ScrollArea.Autosize mah={320} viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('add.results') }}>
        <Table>
          <Table.Tbody>
            {uploads.map((upload) => (
              <Table.Tr key={upload.key}>
                <Table.Td>
                  {upload.path}
                  <UploadResult upload={upload} />
                </Table.Td>
                <Table.Td>
                  <Badge miw="max-content" variant="light" color={COLOURS[upload.state]}>
                    {t(`add.states.${upload.state}`)}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  {upload.state === 'known' && (
                    <Button size="compact-xs" variant="default" onClick={() => queue.addKnown([upload.key])}>
                      {t('add.anyway')}
                    </Button>
                  )}
                  {upload.state === 'refused' && (
                    <Button size="compact-xs" variant="default" onClick={() => queue.retry([upload.key])}>
                      {t('errors.retry')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </Stack>
  );
}

function UploadResult({ upload }: { upload: Upload }) {
  const { t } = useTranslation();
  if (upload.state === 'added') return <Text size="sm">{t('add.faces', { count: upload.faces.length })}</Text>;
  if (upload.error instanceof UnreadablePhoto) return <Text size="sm">{t('image.unreadable')}</Text>;
  if (!(upload.error instanceof ApiError)) return null;
  return (
    <Text size="sm">
      {translated(upload.error.message)} <Code>{upload.error.code}</Code>{' '}
      <Code>{upload.error.requestId.slice(0, 8)}</Code>
    </Text>
  );
}
