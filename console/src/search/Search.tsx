import { Alert, Button, Card, Grid, Group, Loader, NumberInput, Select, Stack, Text, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconUserSearch } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data, formOf, postForm } from '../api/client';
import { type FoundFace, fieldTypes } from '../api/types';
import { useFaceSets, useModels, useProjectId } from '../api/useApi';
import { FilterBuilder } from '../filters/FilterBuilder';
import { textOfPacked } from '../filters/filter';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { area, cropped, upright } from '../images/image';
import { keepPhoto, photoOf } from '../images/photos';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { Results } from './Results';
import { RECOMMENDED_THRESHOLD } from './rates';
import { Snippets } from './Snippets';
import { Threshold } from './Threshold';
import { useDetection } from './useDetection';

const PROBE_MARGIN = 0.6;

/** Value of `ran` in the address after a search: Back repeats the search. */
const RAN = '1';

const DEFAULTS = {
  set: '',
  face: '',
  photo: '',
  chosen: '0',
  threshold: String(RECOMMENDED_THRESHOLD),
  top: '10',
  filter: '',
  ran: '',
};

/** Search a face set by image or by an enrolled face. */
export default function Search() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [state, change] = useAddress(DEFAULTS);
  const sets = useFaceSets();
  const models = useModels();
  const image = photoOf(state.photo);
  const chosen = Number(state.chosen) || 0;
  const [threshold, setThreshold] = useState(Math.min(1, Math.max(0, Number(state.threshold) || 0)));
  const keepThreshold = useDebouncedCallback((value: number) => change({ threshold: String(value) }), 200);
  const set = sets.data?.find((each) => each.face_set_name === state.set) ?? sets.data?.[0];
  const filter = textOfPacked(state.filter, set ? fieldTypes(set) : {});
  const applyFilter = useDebouncedCallback((packedFilter: string) => change({ filter: packedFilter }), 200);
  const faceId = image ? undefined : state.face || undefined;
  const detected = useDetection(image);
  const boxes = (detected.data ?? []).map((face) => face.bounding_box);
  const returnFields = Object.keys(set?.external_fields ?? {});
  const query = {
    endpoint: window.location.origin,
    projectId: project_id,
    set: set?.face_set_name ?? '',
    faceId,
    topN: Number(state.top),
    threshold,
    filter,
    returnFields,
  };

  const search = useMutation({
    mutationFn: async (_settings: string): Promise<FoundFace[]> => {
      const options = { top_n: query.topN, threshold, filter: filter || undefined };
      const path = { project_id, face_set_name: query.set };
      if (faceId) {
        const body = { ...options, face_id: faceId, return_fields: returnFields };
        const response = api.POST('/v2/{project_id}/face-sets/{face_set_name}/search', { params: { path }, body });
        return (await data(response)).faces;
      }
      const probe = await probeOf(image as Blob, boxes, chosen);
      const form = formOf({ ...options, return_fields: JSON.stringify(returnFields), image_file: probe });
      const url = `/v2/${project_id}/face-sets/${encodeURIComponent(query.set)}/search`;
      return (await postForm<{ faces: FoundFace[] }>(url, form)).faces;
    },
  });
  const settings = JSON.stringify(query);
  const outdated = search.variables !== settings;
  const ready = Boolean(set) && (Boolean(faceId) || boxes.length > 0);
  const run = () => {
    change({ ran: RAN });
    search.mutate(settings);
  };
  const repeat = useRef(state.ran === RAN);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the search of the address is repeated once, when it can run
  useEffect(() => {
    if (!ready || !repeat.current) return;
    repeat.current = false;
    search.mutate(settings);
  }, [ready]);

  return (
    <Stack>
      <Title order={1}>{t('nav.search')}</Title>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.data?.length === 0 && <Empty>{t('faceSets.none')}</Empty>}
      {set && (
        <Grid>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack>
              <ImageInput
                label={t('search.probe')}
                image={image}
                onImage={(file) => {
                  change({ photo: keepPhoto(file), chosen: '0', ran: '' });
                  search.reset();
                }}
                overlay={() => (
                  <FaceBoxes
                    boxes={boxes}
                    chosen={chosen}
                    onChoose={(face) => {
                      change({ chosen: String(face), ran: '' });
                      search.reset();
                    }}
                  />
                )}
              />
              {detected.isFetching && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
              <Problem error={detected.error} />
              {detected.data && boxes.length !== 1 && (
                <Text size="sm" role="status">
                  {t('image.found', { count: boxes.length })} {boxes.length > 1 && t('image.chooseFace')}
                </Text>
              )}
              {faceId && <Alert color="blue">{t('search.byFace', { id: faceId })}</Alert>}
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Card withBorder>
              <Stack>
                <Group grow align="start">
                  <Select
                    label={t('search.set')}
                    data={(sets.data ?? []).map((each) => each.face_set_name)}
                    allowDeselect={false}
                    value={set.face_set_name}
                    onChange={(name) => {
                      change({ set: name ?? '', filter: '', face: '', ran: '' });
                      search.reset();
                    }}
                  />
                  <NumberInput
                    label={t('search.topN')}
                    min={1}
                    max={1000}
                    value={state.top}
                    onChange={(value) => change({ top: String(value) })}
                  />
                </Group>
                <Threshold
                  value={threshold}
                  points={models.data?.calibration.operating_points ?? []}
                  set={set.face_set_name}
                  onChange={(value) => {
                    setThreshold(value);
                    keepThreshold(value);
                  }}
                />
                <FilterBuilder
                  key={set.face_set_id}
                  types={fieldTypes(set)}
                  initial={state.filter}
                  onChange={applyFilter}
                />
                <Button
                  leftSection={<IconUserSearch size={16} aria-hidden />}
                  disabled={!ready}
                  loading={search.isPending}
                  onClick={run}
                >
                  {t('search.search')}
                </Button>
              </Stack>
            </Card>
          </Grid.Col>
        </Grid>
      )}
      <Problem error={search.error} />
      {search.data && (
        <Results
          faces={search.data}
          set={JSON.parse(search.variables).set}
          threshold={JSON.parse(search.variables).threshold}
          outdated={outdated}
          onSearch={run}
        />
      )}
      {set && <Snippets query={query} image={image} faces={search.data} />}
    </Stack>
  );
}

/** Image to send so that the service uses the selected face: the original if that face is the largest. */
async function probeOf(image: Blob, boxes: Parameters<typeof area>[0][], chosen: number): Promise<Blob> {
  const box = boxes[chosen];
  if (!box || boxes.every((each) => area(each) <= area(box))) return image;
  const bitmap = await upright(image);
  try {
    return await cropped(bitmap, box, { margin: PROBE_MARGIN, others: boxes.filter((each) => each !== box) });
  } finally {
    bitmap.close();
  }
}
