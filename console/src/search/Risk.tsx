import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { useRisk } from '../api/useApi';
import { oneIn } from './rates';

const DELAY_MS = 300;

/** How often a search for a stranger names somebody in a face set at a threshold, and the thresholds for lower rates. */
export function Risk({ set, threshold }: { set: string; threshold: number }) {
  const { t } = useTranslation();
  const [settled] = useDebouncedValue(threshold, DELAY_MS);
  const { data: risk } = useRisk(set, settled);
  if (!risk || risk.faces === 0) return null;
  const alternatives = risk.thresholds
    .filter((each) => each.threshold !== null)
    .map((each) =>
      t('search.riskThreshold', {
        percent: (100 * each.false_positive_identification_rate).toLocaleString(),
        threshold: each.threshold?.toFixed(3),
      }),
    );
  return (
    <Text size="sm" role="status" data-testid="risk">
      {t('search.risk', {
        faces: risk.faces.toLocaleString(),
        number: oneIn(risk.false_positive_identification_rate),
        threshold: risk.threshold.toFixed(2),
      })}{' '}
      {alternatives.join(' ')}
    </Text>
  );
}
