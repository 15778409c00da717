import { Card, Grid, Group, Loader, Stack, Switch, Tabs, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attributes } from '../api/types';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { keepPhoto, photoOf } from '../images/photos';
import { Empty } from '../shell/Empty';
import { Exchange } from '../shell/Exchange';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { Landmarks, PoseAxes } from './FaceDrawing';
import { Gauges } from './Gauges';
import { Traits } from './Traits';
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
            {axes && faces.drawn.length > 0 && (
              <Text size="xs" c="dimmed">
                {t('detect.axesLegend')}
              </Text>
            )}
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
                <Tabs defaultValue="attributes" keepMounted={false}>
                  <Tabs.List mb="sm">
                    <Tabs.Tab value="attributes">{t('detect.attributes')}</Tabs.Tab>
                    <Tabs.Tab value="json">JSON</Tabs.Tab>
                  </Tabs.List>
                  <Tabs.Panel value="attributes">
                    <Stack>
                      <Traits box={box} attributes={attributes as Attributes} />
                      {attributes?.quality && <Gauges quality={attributes.quality} />}
                    </Stack>
                  </Tabs.Panel>
                  <Tabs.Panel value="json">
                    <Exchange requests={faces.requests} />
                  </Tabs.Panel>
                </Tabs>
              </Stack>
            )}
          </Card>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}
