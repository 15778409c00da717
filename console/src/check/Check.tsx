import { Badge, Card, Grid, Group, List, Loader, Select, Stack, Switch, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import type { CheckedFace } from '../api/types';
import { useFaceSets, useProjectId } from '../api/useApi';
import { Gauges } from '../detect/Gauges';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { imageKey } from '../search/useDetection';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';

interface CheckResponse {
  faces: CheckedFace[];
}

/** Check the faces of a photo against an enrolment policy, without enrolling them. */
export default function Check() {
  const { t } = useTranslation();
  const project = useProjectId();
  const sets = useFaceSets();
  const [image, setImage] = useState<Blob>();
  const [set, setSet] = useState('');
  const [single, setSingle] = useState(false);
  const [chosen, setChosen] = useState(0);
  const checked = useQuery({
    queryKey: ['check', project, imageKey(image), set, single],
    enabled: !!image,
    gcTime: 60_000,
    queryFn: () =>
      postForm<CheckResponse>(
        `/x/v1/${project}/face-check`,
        formOf({ image_file: image, face_set_name: set || undefined, single }),
      ),
  });
  const faces = checked.data?.faces ?? [];
  const face = faces[chosen] ?? faces[0];
  return (
    <Stack>
      <Title order={1}>{t('nav.check')}</Title>
      <Text size="sm" c="dimmed">
        {t('check.hint')}
      </Text>
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <ImageInput
              label={t('check.image')}
              image={image}
              onImage={(file) => {
                setImage(file);
                setChosen(0);
              }}
              overlay={() => (
                <FaceBoxes boxes={faces.map((each) => each.bounding_box)} chosen={chosen} onChoose={setChosen} />
              )}
            />
            <Group align="end">
              <Select
                label={t('check.against')}
                data={[
                  { value: '', label: t('check.recommended') },
                  ...(sets.data ?? []).map((each) => ({
                    value: each.face_set_name,
                    label: t('check.policyOf', { name: each.face_set_name }),
                  })),
                ]}
                allowDeselect={false}
                value={set}
                onChange={(value) => setSet(value ?? '')}
              />
              <Switch
                mb={6}
                label={t('add.single')}
                checked={single}
                onChange={(event) => setSingle(event.currentTarget.checked)}
              />
            </Group>
            {checked.isFetching && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
            <Problem error={checked.error} />
            {checked.data && (
              <Text size="sm" role="status">
                {t('check.accepted', { count: faces.filter((each) => each.accepted).length, total: faces.length })}
              </Text>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card withBorder>
            {!face && <Empty>{t('check.empty')}</Empty>}
            {face && <Judgement face={face} number={faces.indexOf(face) + 1} />}
          </Card>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Judgement({ face, number }: { face: CheckedFace; number: number }) {
  const { t } = useTranslation();
  const { duplicate } = face;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t('image.face', { number })}
        </Title>
        <Badge size="lg" variant="light" color={face.accepted ? 'green' : 'red'}>
          {t(face.accepted ? 'check.ok' : 'check.refused')}
        </Badge>
      </Group>
      {face.reasons.length > 0 && (
        <List size="sm" aria-label={t('check.reasons')}>
          {face.reasons.map((reason) => (
            <List.Item key={reason}>{t(`check.reason.${reason}`, { defaultValue: reason })}</List.Item>
          ))}
        </List>
      )}
      {duplicate && (
        <Text size="sm">
          {t('check.duplicate', {
            name: duplicate.external_image_id,
            id: duplicate.face_id,
            similarity: duplicate.similarity.toFixed(4),
          })}
        </Text>
      )}
      {face.quality && <Gauges quality={face.quality} />}
    </Stack>
  );
}
