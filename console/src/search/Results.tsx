import { Alert, Button, Card, Code, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FoundFace } from '../api/types';
import { Thumbnail } from '../faces/Thumbnail';
import { Empty } from '../shell/Empty';
import { RECOMMENDED_THRESHOLD } from './rates';

interface Props {
  faces: FoundFace[];
  /** The face set that was searched. */
  set: string;
  /** Threshold of the search that found them. */
  threshold: number;
  /** True if the settings have changed since that search. */
  outdated: boolean;
  onSearch: () => void;
}

/** Search results, best first, each with a similarity bar. */
export function Results({ faces, set, threshold, outdated, onSearch }: Props) {
  const { t } = useTranslation();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm" role="status">
        {t('search.found', { count: faces.length, threshold: threshold.toFixed(2) })}
      </Title>
      {outdated && (
        <Alert color="orange" mb="sm" role="status">
          <Group justify="space-between">
            <Text size="sm">{t('search.outdated')}</Text>
            <Button size="xs" variant="default" onClick={onSearch}>
              {t('search.again')}
            </Button>
          </Group>
        </Alert>
      )}
      {faces.length === 0 && <Empty>{t('search.nobody', { threshold: threshold.toFixed(2) })}</Empty>}
      <Stack
        component="ol"
        data-outdated={outdated}
        className="results"
        gap="sm"
        m={0}
        p={0}
        style={{ listStyle: 'none' }}
      >
        {faces.map((face) => (
          <li key={face.face_id} data-testid="result">
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Group gap="xs">
                <Thumbnail set={set} faceId={face.face_id} size={44} />
                <Text fw={600}>{face.external_image_id}</Text>
                <Code>{face.face_id}</Code>
                {Object.entries(face.external_fields).map(([name, value]) => (
                  <Text key={name} size="sm" c="dimmed">
                    {name}: {String(value)}
                  </Text>
                ))}
              </Group>
              <Text fw={700} className="numeric">
                {face.similarity.toFixed(4)}
              </Text>
            </Group>
            <Progress
              value={100 * face.similarity}
              color={face.similarity >= RECOMMENDED_THRESHOLD ? 'green' : 'orange'}
              aria-label={t('search.similarityOf', { id: face.external_image_id })}
            />
          </li>
        ))}
      </Stack>
    </Card>
  );
}
