import { Anchor, Group, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { OperatingPoint, Risk as RiskOfSet } from '../api/types';
import { useRisk } from '../api/useApi';
import { DetPlot, type DetPoint } from './DetPlot';
import { missRate } from './det';
import { oneIn } from './rates';

const DELAY_MS = 300;

interface Props {
  set: string;
  threshold: number;
  points: OperatingPoint[];
  onChange: (threshold: number) => void;
}

/** How often a search for a stranger names somebody in a face set at a threshold, and the thresholds for lower rates. */
export function Risk({ set, threshold, points, onChange }: Props) {
  const { t } = useTranslation();
  const [settled] = useDebouncedValue(threshold, DELAY_MS);
  const { data: risk } = useRisk(set, settled);
  if (!risk || risk.faces === 0) return null;
  return (
    <>
      <Text size="sm" role="status" data-testid="risk">
        {t('search.risk', {
          faces: risk.faces.toLocaleString(),
          number: oneIn(risk.false_positive_identification_rate),
          threshold: risk.threshold.toFixed(2),
        })}
      </Text>
      <Group gap="md">
        {risk.thresholds.map(({ false_positive_identification_rate: rate, threshold: lowest }) =>
          lowest == null ? null : (
            <Anchor key={rate} component="button" type="button" size="sm" onClick={() => onChange(lowest)}>
              {t('search.riskThreshold', { percent: (100 * rate).toLocaleString(), threshold: lowest.toFixed(3) })}
            </Anchor>
          ),
        )}
      </Group>
      <DetPlot
        label={t('det.ofSet', { threshold: risk.threshold.toFixed(2) })}
        xLabel={t('det.falsePositive')}
        points={curveOf(risk, points)}
        at={pointOf(risk.threshold, risk.false_positive_identification_rate, points)}
      />
    </>
  );
}

const curveOf = (risk: RiskOfSet, points: OperatingPoint[]): DetPoint[] =>
  risk.curve.flatMap((each) => pointOf(each.threshold, each.false_positive_identification_rate, points) ?? []);

/** Missed matches come from the calibration: a set alone does not say who is who. */
function pointOf(threshold: number, falsePositive: number, points: OperatingPoint[]): DetPoint | undefined {
  const missed = missRate(points, threshold);
  return missed === undefined ? undefined : { threshold, falsePositive, missed };
}
