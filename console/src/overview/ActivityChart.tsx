import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Minute } from '../api/types';

const HEIGHT = 80;
const WIDTH = 10;

/** Bar chart of requests per minute, errors in red. */
export function ActivityChart({ minutes }: { minutes: Minute[] }) {
  const { t } = useTranslation();
  const maximum = Math.max(1, ...minutes.map((minute) => minute.requests));
  const height = (count: number) => (HEIGHT * count) / maximum;
  return (
    <>
      <svg
        className="bars"
        viewBox={`0 0 ${minutes.length * WIDTH} ${HEIGHT}`}
        width="100%"
        height={HEIGHT}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('overview.chart', { most: maximum })}
      >
        {minutes.map((minute, index) => (
          <g key={minute.start}>
            <title>{`${minute.start}: ${minute.requests} / ${minute.errors}`}</title>
            <rect
              x={index * WIDTH}
              width={WIDTH - 2}
              y={HEIGHT - height(minute.requests)}
              height={height(minute.requests)}
            />
            <rect
              className="errors"
              x={index * WIDTH}
              width={WIDTH - 2}
              y={HEIGHT - height(minute.errors)}
              height={height(minute.errors)}
            />
          </g>
        ))}
      </svg>
      <Text size="xs" c="dimmed">
        {t('overview.chart', { most: maximum })}
      </Text>
    </>
  );
}
