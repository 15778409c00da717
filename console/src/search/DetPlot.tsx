import { useTranslation } from 'react-i18next';
import { scaleOf } from './det';
import { percent, RatePlot, X_ENDS, Y_ENDS } from './RatePlot';

export interface DetPoint {
  threshold: number;
  /** Share of false positives, 0..1. */
  falsePositive: number;
  /** Share of matches that are missed, 0..1. */
  missed: number;
}

interface Props {
  label: string;
  xLabel: string;
  points: DetPoint[];
  /** The operating point. */
  at?: DetPoint;
}

/** Detection error trade-off: missed matches over false positives, both logarithmic, with the operating point. */
export function DetPlot({ label, xLabel, points, at }: Props) {
  const { t } = useTranslation();
  const drawn = points.filter((point) => point.falsePositive > 0 && point.missed > 0);
  if (drawn.length < 2) return null;
  return (
    <RatePlot
      label={label}
      xLabel={xLabel}
      yLabel={t('det.missed')}
      x={scaleOf(
        drawn.map((point) => point.falsePositive),
        ...X_ENDS,
      )}
      y={scaleOf(
        drawn.map((point) => point.missed),
        ...Y_ENDS,
      )}
      marks={drawn.map((point) => ({
        threshold: point.threshold,
        x: point.falsePositive,
        y: point.missed,
        title: t('det.point', {
          threshold: point.threshold.toFixed(2),
          false: percent(point.falsePositive),
          missed: percent(point.missed),
        }),
      }))}
      at={
        at && at.falsePositive > 0 && at.missed > 0
          ? { threshold: at.threshold, x: at.falsePositive, y: at.missed }
          : undefined
      }
    />
  );
}
