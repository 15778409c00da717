import { Slider, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { OperatingPoint } from '../api/types';
import { DefaultThreshold } from './DefaultThreshold';
import { Risk } from './Risk';
import { falseMatchRate, oneIn, RECOMMENDED_THRESHOLD } from './rates';

interface ThresholdProps {
  value: number;
  points: OperatingPoint[];
  set: string;
  onChange: (value: number) => void;
}

/** Similarity threshold with the false match rate it implies, and how often a stranger is named in the face set. */
export function Threshold(props: ThresholdProps) {
  const { t } = useTranslation();
  const rate = falseMatchRate(props.points, props.value);
  return (
    <Stack gap={4} mb="lg">
      <Text size="sm" fw={500} className="numeric">
        {t('search.threshold')}: {props.value.toFixed(2)}
      </Text>
      <Slider
        min={0}
        max={1}
        step={0.01}
        value={props.value}
        onChange={props.onChange}
        label={(value) => value.toFixed(2)}
        thumbLabel={t('search.threshold')}
        marks={[{ value: 0 }, { value: 0.5 }, { value: RECOMMENDED_THRESHOLD, label: '0.93' }]}
      />
      <Text size="sm" mt="md" role="status" data-testid="false-match-rate">
        {rate && t(`search.rate${rate.bound}`, { number: oneIn(rate.rate) })}
      </Text>
      <DefaultThreshold set={props.set} threshold={props.value} />
      <Risk set={props.set} threshold={props.value} points={props.points} onChange={props.onChange} />
    </Stack>
  );
}
