import { Card, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Angle } from './angles';
import type { Step } from './plan';

const WIDTH = 600;
const HEIGHT = 160;
const MAX_DEGREES = 45;

/** Chart of head angles over time, with the requested actions in the background. */
export function Timeline({
  angles,
  steps,
  name,
}: {
  angles: Angle[];
  steps: Step[];
  name: (action: number) => string;
}) {
  const { t } = useTranslation();
  const end = Math.max(steps.at(-1)?.to ?? 1, angles.at(-1)?.time ?? 1);
  const x = (time: number) => (WIDTH * time) / end;
  const y = (degrees: number) =>
    HEIGHT / 2 - (HEIGHT / 2) * (Math.max(-MAX_DEGREES, Math.min(MAX_DEGREES, degrees)) / MAX_DEGREES);
  const line = (angle: 'yaw' | 'pitch') => angles.map((each) => `${x(each.time)},${y(each[angle])}`).join(' ');
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('liveness.timeline')}
      </Title>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={t('liveness.timeline')}>
        {steps.map((step) => (
          <g key={step.from}>
            <rect
              x={x(step.from)}
              width={x(step.to) - x(step.from)}
              height={HEIGHT}
              fill="currentColor"
              opacity={0.06}
            />
            <text x={x(step.from) + 4} y={14} fontSize={12} fill="currentColor">
              {name(step.action)}
            </text>
          </g>
        ))}
        <line x1={0} x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke="currentColor" opacity={0.3} />
        <polyline points={line('yaw')} fill="none" stroke="#1098ad" strokeWidth={2} />
        <polyline points={line('pitch')} fill="none" stroke="#e8590c" strokeWidth={2} strokeDasharray="6 3" />
      </svg>
      <Text size="xs" c="dimmed">
        {t('liveness.legend', { most: MAX_DEGREES })}
      </Text>
    </Card>
  );
}
