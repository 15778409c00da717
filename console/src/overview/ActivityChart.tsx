import { Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Minute } from '../api/types';

const HEIGHT = 90;
const BAR = 6;
const LEFT = 40;
const BOTTOM = 20;
const TICK_MINUTES = 15;

const clock = (start: string) => new Date(start).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** Least round number that is not below a count: 1, 2 or 5 times a power of ten. */
export function roundUp(count: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, count)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= count) as number;
}

/** Bar chart of requests per minute, with errors of clients and of the server; pointer and arrow keys show the numbers of a minute. */
export function ActivityChart({ minutes }: { minutes: Minute[] }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<number>();
  const maximum = roundUp(Math.max(1, ...minutes.map((minute) => minute.requests)));
  const width = LEFT + minutes.length * BAR;
  const height = (count: number) => (HEIGHT * count) / maximum;
  const minute = shown === undefined ? undefined : minutes[shown];
  const move = (by: number) =>
    setShown(Math.max(0, Math.min(minutes.length - 1, (shown ?? minutes.length - (by < 0 ? 0 : 1)) + by)));
  return (
    <>
      <svg
        className="bars"
        viewBox={`0 -8 ${width} ${HEIGHT + BOTTOM + 8}`}
        width="100%"
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys show the numbers of a minute
        tabIndex={0}
        aria-label={t('overview.chart', { most: Math.max(0, ...minutes.map((each) => each.requests)) })}
        onKeyDown={(event) => {
          if (event.key === 'ArrowLeft') move(-1);
          if (event.key === 'ArrowRight') move(1);
        }}
        onPointerLeave={() => setShown(undefined)}
        onBlur={() => setShown(undefined)}
      >
        {[0, maximum / 2, maximum].map((count) => (
          <g key={count}>
            <line x1={LEFT} x2={width} y1={HEIGHT - height(count)} y2={HEIGHT - height(count)} />
            <text x={LEFT - 4} y={HEIGHT - height(count) + 4} textAnchor="end">
              {count.toLocaleString()}
            </text>
          </g>
        ))}
        {minutes.map((each, index) => {
          const x = LEFT + index * BAR;
          const bars = [
            ['requests', each.requests, 0],
            ['client-errors', each.client_errors, each.server_errors],
            ['server-errors', each.server_errors, 0],
          ] as const;
          return (
            <g key={each.start} onPointerEnter={() => setShown(index)} data-shown={index === shown}>
              <rect className="pointer" x={x} width={BAR} y={0} height={HEIGHT} />
              {bars.map(([name, count, below]) => (
                <rect
                  key={name}
                  className={name}
                  x={x + 1}
                  width={BAR - 2}
                  y={HEIGHT - height(count + below)}
                  height={height(count)}
                />
              ))}
              {index % TICK_MINUTES === TICK_MINUTES - 1 && (
                <text x={x + BAR} y={HEIGHT + 15} textAnchor="end">
                  {clock(each.start)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <Group gap="md" mih={22}>
        {(['requests', 'client-errors', 'server-errors'] as const).map((name) => (
          <Text key={name} size="xs" className={`legend ${name}`}>
            {t(`overview.${name}`)}
          </Text>
        ))}
        {minute && (
          <Text size="xs" role="status" className="numeric" data-testid="minute">
            {t('overview.minute', {
              time: clock(minute.start),
              requests: minute.requests,
              client: minute.client_errors,
              server: minute.server_errors,
            })}
          </Text>
        )}
      </Group>
    </>
  );
}
