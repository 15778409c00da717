import { Button, Card, Checkbox, Group, Stack, Text, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cropped, upright } from '../images/image';
import { nameOf } from '../live/identify';
import { isTiny } from './review';
import type { Upload, UploadQueue } from './uploads';

const CROP_SIDE = 96;
const CROP_MARGIN = 0.2;

/** The faces of photos that are to be added with all their faces, to tick before anything is added. */
export function Review({ queue, uploads }: { queue: UploadQueue; uploads: readonly Upload[] }) {
  const { t } = useTranslation();
  const reviewed = uploads.filter((each) => each.state === 'review');
  if (!reviewed.length) return null;
  const count = reviewed.reduce((total, each) => total + each.ticked.length, 0);
  return (
    <Card withBorder component="section" aria-label={t('review.title')}>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('review.title')}
          </Title>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => queue.leaveOut()}>
              {t('review.leaveOut')}
            </Button>
            <Button
              size="xs"
              leftSection={<IconCheck size={14} aria-hidden />}
              disabled={!count}
              onClick={() => queue.confirm()}
            >
              {t('review.add', { count })}
            </Button>
          </Group>
        </Group>
        <Text size="sm" c="dimmed">
          {t('review.hint')}
        </Text>
        {reviewed.map((upload) => (
          <Photo key={upload.key} queue={queue} upload={upload} />
        ))}
      </Stack>
    </Card>
  );
}

function Photo({ queue, upload }: { queue: UploadQueue; upload: Upload }) {
  const { t } = useTranslation();
  const crops = useQuery({ queryKey: ['review', upload.key], gcTime: 0, queryFn: () => cropsOf(upload) });
  const tick = (index: number, checked: boolean) => {
    const others = upload.ticked.filter((each) => each !== index);
    queue.tick(upload.key, checked ? [...others, index].toSorted((one, other) => one - other) : others);
  };
  return (
    <div>
      <Text size="sm" fw={500}>
        {upload.path}
      </Text>
      <Group align="start">
        {upload.found.map((face, index) => {
          const [best] = face.candidates;
          const note = best
            ? t('review.known', { name: nameOf(best), similarity: best.similarity.toFixed(2) })
            : isTiny(face.bounding_box)
              ? t('review.tiny')
              : '';
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a face of a photo is identified only by its index
            <Stack key={index} gap={4} align="center" w={CROP_SIDE + 24} data-testid="reviewed-face">
              {crops.data?.[index] && <Crop image={crops.data[index]} />}
              <Checkbox
                label={t('image.face', { number: index + 1 })}
                checked={upload.ticked.includes(index)}
                onChange={(event) => tick(index, event.currentTarget.checked)}
              />
              {note && (
                <Text size="xs" ta="center">
                  {note}
                </Text>
              )}
            </Stack>
          );
        })}
      </Group>
    </div>
  );
}

function Crop({ image }: { image: Blob }) {
  const [source, setSource] = useState('');
  useEffect(() => {
    const url = URL.createObjectURL(image);
    setSource(url);
    return () => URL.revokeObjectURL(url);
  }, [image]);
  return source && <img src={source} alt="" width={CROP_SIDE} height={CROP_SIDE} className="crop" />;
}

async function cropsOf({ photo, found }: Upload): Promise<Blob[]> {
  const bitmap = await upright(photo);
  try {
    const crops: Blob[] = [];
    for (const face of found)
      crops.push(await cropped(bitmap, face.bounding_box, { margin: CROP_MARGIN, side: 2 * CROP_SIDE }));
    return crops;
  } finally {
    bitmap.close();
  }
}
