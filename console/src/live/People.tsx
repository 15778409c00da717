import { Grid, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FaceSet } from '../api/types';
import { useProjectId } from '../api/useApi';
import { ImageInput } from '../images/ImageInput';
import { imageKey } from '../search/useDetection';
import { Problem } from '../shell/Problem';
import { FaceDetails } from './FaceDetails';
import { identify } from './identify';
import { NamedBoxes } from './NamedBoxes';

interface Props {
  set: FaceSet;
  threshold: number;
  image?: Blob;
  onImage: (image: Blob) => void;
}

/** Everyone in a photo or a frame, with the candidates of the chosen face. */
export function People({ set, threshold, image, onImage }: Props) {
  const { t } = useTranslation();
  const project = useProjectId();
  const [chosen, setChosen] = useState(0);
  const people = useQuery({
    queryKey: ['identify', project, set.face_set_name, imageKey(image), threshold],
    enabled: !!image,
    gcTime: 60_000,
    queryFn: ({ signal }) => identify(project, set.face_set_name, image as Blob, threshold, signal),
  });
  const faces = people.data?.faces ?? [];
  const known = faces.filter((face) => face.candidates.length > 0).length;
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          <ImageInput
            label={t('live.photo')}
            image={image}
            onImage={(photo) => {
              setChosen(0);
              onImage(photo);
            }}
            overlay={(width) => <NamedBoxes faces={faces} width={width} chosen={chosen} onChoose={setChosen} />}
          />
          {people.isFetching && <Loader size="sm" role="status" aria-label={t('live.identifying')} />}
          <Problem error={people.error} />
          {people.data && (
            <Text size="sm" role="status">
              {t('live.found', { count: faces.length, known })}
            </Text>
          )}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        {people.data && <FaceDetails set={set} found={people.data} chosen={chosen} />}
      </Grid.Col>
    </Grid>
  );
}
