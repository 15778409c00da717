import { Group, Progress, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Quality } from '../api/types';

/** Quality scores. FRS recommends a total score above 0.45 and each flaw below 0.3. */
export function Gauges({ quality }: { quality: Quality }) {
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
