import { Card, Grid, Group, Loader, Progress, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attributes, Quality } from '../api/types';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { keepPhoto, photoOf } from '../images/photos';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { Landmarks, PoseAxes } from './FaceDrawing';
import { useFaces } from './useFaces';

/** Detect faces and show all their attributes. */
export default function Detect() {
  const { t } = useTranslation();
  const [state, change] = useAddress({ photo: '', chosen: '0' });
  const image = photoOf(state.photo);
  const chosen = Number(state.chosen) || 0;
  const [points, setPoints] = useState(true);
  const [axes, setAxes] = useState(true);
  const faces = useFaces(image, chosen);
  const { boxes, attributes } = faces;
  const box = boxes[chosen];
  return (
    <Stack>
      <Title order={1}>{t('nav.detect')}</Title>
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <ImageInput
              label={t('detect.image')}
              image={image}
              onImage={(file) => change({ photo: keepPhoto(file), chosen: '0' })}
              overlay={(width) => (
                <>
                  <FaceBoxes boxes={boxes} chosen={chosen} onChoose={(face) => change({ chosen: String(face) })} />
                  <g transform={`translate(${faces.left} ${faces.top})`}>
                    {faces.drawn.map((each) => (
                      <g key={`${each.bounding_box.top_left_x},${each.bounding_box.top_left_y}`}>
                        {points && each.landmark && (
                          <Landmarks landmark={each.landmark} size={Math.max(1, width / 500)} />
                        )}
                        {axes && each.attributes?.headpose && (
                          <PoseAxes box={each.bounding_box} pose={each.attributes.headpose} />
                        )}
                      </g>
                    ))}
                  </g>
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
            {faces.isDetecting && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
            <Problem error={faces.error} />
            {faces.isDetected && (
              <Text size="sm" role="status">
                {t('image.found', { count: boxes.length })} {faces.crowd && t('detect.crowd')}
              </Text>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card withBorder>
            {!box && <Empty>{t('detect.hint')}</Empty>}
            {box && (
              <Stack>
                <Group justify="space-between">
                  <Title order={2} size="h4">
                    {t('image.face', { number: chosen + 1 })}
                  </Title>
                  {faces.isDescribing && <Loader size="sm" role="status" aria-label={t('detect.describing')} />}
                </Group>
                <Traits box={box} attributes={attributes as Attributes} />
                {attributes?.quality && <Gauges quality={attributes.quality} />}
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
  const word = (value?: string | null) => value && t(`detect.values.${value}`, { defaultValue: value });
  const degrees = (angle: number) => `${angle.toFixed(0)}°`;
  const rows: [string, string | number | null | undefined][] = [
    ['size', `${box.width} × ${box.height}`],
    ['gender', word(attributes.gender)],
    ['age', attributes.age],
    ['expression', expression && `${word(expression.type)} (${expression.probability.toFixed(2)})`],
    ['smile', word(attributes.smile)],
    ['mask', word(attributes.mask)],
    ['glasses', word(attributes.dress?.glass)],
    ['hat', word(attributes.dress?.hat)],
    ['hair', word(attributes.hair)],
    ['beard', word(attributes.beard)],
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
