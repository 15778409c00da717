import { Card, Grid, Group, Loader, Progress, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attributes, Quality } from '../api/types';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { useDetection } from '../search/useDetection';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { Landmarks, PoseAxes } from './FaceDrawing';

/** Attribute codes of both versions of the API. */
const CODES = '1,2,4,6,7,8,12,13,21';
const V1_CODES = '0,3,5';

/** Detect faces and show all their attributes. */
export default function Detect() {
  const { t } = useTranslation();
  const [image, setImage] = useState<Blob>();
  const [chosen, setChosen] = useState(0);
  const [points, setPoints] = useState(true);
  const [axes, setAxes] = useState(true);
  const faces = useDetection(image, CODES);
  const v1Detection = useDetection(image, V1_CODES, 'v1');
  const boxes = (faces.data ?? []).map((face) => face.bounding_box);
  const face = faces.data?.[chosen];
  const v1Faces = v1Detection.data ?? [];
  return (
    <Stack>
      <Title order={1}>{t('nav.detect')}</Title>
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <ImageInput
              label={t('detect.image')}
              image={image}
              onImage={(file) => {
                setImage(file);
                setChosen(0);
              }}
              overlay={(width) => (
                <>
                  <FaceBoxes boxes={boxes} chosen={chosen} onChoose={setChosen} />
                  {v1Faces.map((each) => (
                    <g key={`${each.bounding_box.top_left_x},${each.bounding_box.top_left_y}`}>
                      {points && each.landmark && (
                        <Landmarks landmark={each.landmark} size={Math.max(1, width / 500)} />
                      )}
                      {axes && each.attributes?.headpose && (
                        <PoseAxes box={each.bounding_box} pose={each.attributes.headpose} />
                      )}
                    </g>
                  ))}
                </>
              )}
            />
            <Group>
              <Switch
                label={t('detect.landmarks')}
                checked={points}
                onChange={(e) => setPoints(e.currentTarget.checked)}
              />
              <Switch label={t('detect.axes')} checked={axes} onChange={(e) => setAxes(e.currentTarget.checked)} />
            </Group>
            {(faces.isFetching || v1Detection.isFetching) && (
              <Loader size="sm" role="status" aria-label={t('image.looking')} />
            )}
            <Problem error={faces.error ?? v1Detection.error} />
            {faces.data && (
              <Text size="sm" role="status">
                {t('image.found', { count: boxes.length })}
              </Text>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card withBorder>
            {!face && <Empty>{t('detect.hint')}</Empty>}
            {face && (
              <Stack>
                <Title order={2} size="h4">
                  {t('image.face', { number: chosen + 1 })}
                </Title>
                <Traits
                  box={face.bounding_box}
                  attributes={{ ...face.attributes, ...v1Faces[chosen]?.attributes } as Attributes}
                />
                {face.attributes?.quality && <Gauges quality={face.attributes.quality} />}
              </Stack>
            )}
          </Card>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Traits({ box, attributes }: { box: { width: number; height: number }; attributes: Attributes }) {
  const { t } = useTranslation();
  const { headpose, expression } = attributes;
  const degrees = (angle: number) => `${angle.toFixed(0)}°`;
  const rows: [string, string | number | null | undefined][] = [
    ['size', `${box.width} × ${box.height}`],
    ['gender', attributes.gender],
    ['age', attributes.age],
    ['expression', expression && `${expression.type} (${expression.probability.toFixed(2)})`],
    ['smile', attributes.smile],
    ['mask', attributes.mask],
    ['glasses', attributes.dress?.glass],
    ['hat', attributes.dress?.hat],
    ['hair', attributes.hair],
    ['beard', attributes.beard],
    ['yaw', headpose && degrees(headpose.yaw_angle)],
    ['pitch', headpose && degrees(headpose.pitch_angle)],
    ['roll', headpose && degrees(headpose.roll_angle)],
    ['angle', attributes.face_angle === undefined ? undefined : `${attributes.face_angle}°`],
  ];
  return (
    <Table className="numeric">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== undefined && value !== null)
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500}>
                {t(`detect.traits.${name}`)}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

/** Quality scores. FRS recommends a total score above 0.45 and each flaw below 0.3. */
function Gauges({ quality }: { quality: Quality }) {
  const { t } = useTranslation();
  const gauges = (['total_score', 'blur', 'pose', 'occlusion', 'illumination'] as const).map((name) => ({
    name,
    value: quality[name],
    good: name === 'total_score' ? quality[name] > 0.45 : quality[name] < 0.3,
  }));
  return (
    <Stack gap="xs">
      {gauges.map(({ name, value, good }) => (
        <div key={name}>
          <Group justify="space-between">
            <Text size="sm">{t(`detect.quality.${name}`)}</Text>
            <Text size="sm" className="numeric">
              {value.toFixed(2)} · {t(good ? 'detect.good' : 'detect.poor')}
            </Text>
          </Group>
          <Progress value={100 * value} color={good ? 'green' : 'orange'} aria-label={t(`detect.quality.${name}`)} />
        </div>
      ))}
    </Stack>
  );
}
