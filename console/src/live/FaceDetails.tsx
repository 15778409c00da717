import { Button, Card, Code, Group, Image, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { type Face, type FaceSet, type FieldValue, fieldTypes, type Identified } from '../api/types';
import { useProjectId } from '../api/useApi';
import { Thumbnail } from '../faces/FaceTable';
import { FieldInputs } from '../faces/FieldInputs';
import { cropped, upright } from '../images/image';
import { keepThumbnail } from '../images/thumbnails';
import { imageKey } from '../search/useDetection';
import { hasRole, useSession } from '../session/store';
import { Problem } from '../shell/Problem';
import { type Identification, nameOf } from './identify';

const MARGIN = 0.5;

interface Props {
  set: FaceSet;
  found: Identification;
  chosen: number;
}

/** A face of an image: who it may be, and a form to enrol it. */
export function FaceDetails({ set, found, chosen }: Props) {
  const { t } = useTranslation();
  const canWrite = hasRole(useSession().role, 'operator');
  const face = found.faces[chosen];
  const crop = useQuery({
    queryKey: ['face-crop', imageKey(found.image), chosen],
    enabled: !!face,
    gcTime: 60_000,
    queryFn: () => cropOf(found, face as Identified),
  });
  const [source, setSource] = useState('');
  useEffect(() => {
    if (!crop.data) return;
    const url = URL.createObjectURL(crop.data);
    setSource(url);
    return () => URL.revokeObjectURL(url);
  }, [crop.data]);
  if (!face) return null;
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('image.face', { number: chosen + 1 })}
          </Title>
          {source && <Image src={source} alt="" w={72} h={72} radius="sm" fit="cover" />}
        </Group>
        {face.candidates.length === 0 && (
          <Text size="sm" role="status">
            {t('live.nobody', { threshold: found.threshold.toFixed(2) })}
          </Text>
        )}
        <Stack component="ol" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
          {face.candidates.map((candidate) => (
            <Group component="li" key={candidate.face_id} justify="space-between" data-testid="candidate">
              <Group gap="xs">
                <Thumbnail faceId={candidate.face_id} />
                <Text fw={600}>{nameOf(candidate)}</Text>
                <Code>{candidate.face_id}</Code>
              </Group>
              <Text className="numeric" fw={700}>
                {candidate.similarity.toFixed(4)}
              </Text>
            </Group>
          ))}
        </Stack>
        {canWrite && crop.data && <Enrol key={`${imageKey(found.image)} ${chosen}`} set={set} crop={crop.data} />}
      </Stack>
    </Card>
  );
}

/** Form that enrols the crop of a face. */
function Enrol({ set, crop }: { set: FaceSet; crop: Blob }) {
  const { t } = useTranslation();
  const project = useProjectId();
  const queries = useQueryClient();
  const [id, setId] = useState('');
  const [fields, setFields] = useState<Record<string, FieldValue>>({});
  const enrolling = useMutation({
    mutationFn: async () => {
      const form = formOf({
        image_file: crop,
        external_image_id: id || undefined,
        external_fields: Object.keys(fields).length ? JSON.stringify(fields) : undefined,
        single: true,
      });
      const path = `/v2/${project}/face-sets/${encodeURIComponent(set.face_set_name)}/faces`;
      const [added] = (await postForm<{ faces: Face[] }>(path, form)).faces;
      if (added) await keepThumbnail(added.face_id, crop, added.bounding_box).catch(() => undefined);
      return added;
    },
    onSuccess: async () => {
      for (const key of ['faces', 'face-sets', 'identify']) await queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        enrolling.mutate();
      }}
    >
      <Stack gap="sm">
        <Text fw={500}>{t('live.enrol', { set: set.face_set_name })}</Text>
        <TextInput
          label="external_image_id"
          maxLength={36}
          pattern="[A-Za-z0-9_\-]+"
          value={id}
          onChange={(event) => setId(event.currentTarget.value)}
        />
        <FieldInputs types={fieldTypes(set)} values={fields} onChange={setFields} />
        <Problem error={enrolling.error} />
        {enrolling.data && (
          <Text size="sm" role="status">
            {t('live.enrolled', { id: enrolling.data.face_id })}
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            type="submit"
            leftSection={<IconUserPlus size={16} aria-hidden />}
            loading={enrolling.isPending}
            disabled={enrolling.isSuccess}
          >
            {t('live.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

async function cropOf({ image, faces }: Identification, face: Identified): Promise<Blob> {
  const bitmap = await upright(image);
  try {
    const others = faces.filter((each) => each !== face).map((each) => each.bounding_box);
    return await cropped(bitmap, face.bounding_box, { margin: MARGIN, others });
  } finally {
    bitmap.close();
  }
}
