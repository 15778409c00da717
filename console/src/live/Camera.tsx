import { Alert, Badge, Button, Card, Grid, Group, Select, Stack, Text, Title } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCamera } from '../images/Camera';
import { captureFrame } from '../images/image';
import { Problem } from '../shell/Problem';
import { NamedBoxes } from './NamedBoxes';
import { type Sighting, withSightings } from './sightings';
import { useLive } from './useLive';

const RATES = [1, 2, 4];

interface Props {
  set: string;
  threshold: number;
  onFreeze: (frame: Blob) => void;
}

/** The camera's stream with the names of the people in it, and who was seen last. */
export function LiveCamera({ set, threshold, onFreeze }: Props) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const { stream, failed } = useCamera(video);
  const [perSecond, setPerSecond] = useState(2);
  const [seen, setSeen] = useState<Sighting[]>([]);
  const { latest, error, rate } = useLive(video, { set, threshold, perSecond, running: !!stream });
  useEffect(() => {
    if (latest) setSeen((before) => withSightings(before, latest.faces, new Date()));
  }, [latest]);
  const width = video.current?.videoWidth ?? 0;
  const height = video.current?.videoHeight ?? 0;
  const scale = width && height ? Math.min(1, 960 / Math.max(width, height)) : 1;
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 8 }}>
        <Stack>
          {failed && (
            <Alert color="orange" role="alert">
              {t('camera.failed')}
            </Alert>
          )}
          <div className="image">
            <video ref={video} className="mirrored" autoPlay playsInline muted aria-label={t('camera.live')} />
            {latest && width > 0 && (
              <svg
                viewBox={`0 0 ${Math.round(width * scale)} ${Math.round(height * scale)}`}
                role="img"
                aria-label={t('image.faces')}
              >
                <NamedBoxes faces={latest.faces} width={Math.round(width * scale)} mirrored />
              </svg>
            )}
          </div>
          <Problem error={error} />
          <Group align="end">
            <Button
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              disabled={!latest}
              onClick={async () => {
                if (video.current) onFreeze(await captureFrame(video.current, 0.95));
              }}
            >
              {t('live.freeze')}
            </Button>
            <Select
              size="xs"
              w={190}
              label={t('live.rate')}
              data={RATES.map((each) => ({ value: String(each), label: t('live.perSecond', { count: each }) }))}
              allowDeselect={false}
              value={String(perSecond)}
              onChange={(value) => setPerSecond(Number(value))}
            />
            {rate < perSecond && (
              <Text size="sm" role="status">
                {t('live.limited', { rate: rate.toFixed(1) })}
              </Text>
            )}
          </Group>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 4 }}>
        <Card withBorder>
          <Title order={2} size="h4" mb="sm">
            {t('live.seen')}
          </Title>
          {seen.length === 0 && <Text c="dimmed">{t('live.nobodySeen')}</Text>}
          <Stack component="ol" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
            {seen.map((each) => (
              <Group component="li" key={each.name} justify="space-between" data-testid="sighting">
                <Text fw={600}>{each.name}</Text>
                <Group gap="xs">
                  <Badge variant="light">{each.similarity.toFixed(2)}</Badge>
                  <Text size="sm" c="dimmed" className="numeric">
                    {each.time.toLocaleTimeString()}
                  </Text>
                </Group>
              </Group>
            ))}
          </Stack>
        </Card>
      </Grid.Col>
    </Grid>
  );
}
