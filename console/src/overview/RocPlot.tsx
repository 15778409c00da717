import { useTranslation } from 'react-i18next';
import type { DetPoint } from '../search/DetPlot';
import { linearScale, scaleOf } from '../search/det';
import { percent, RatePlot, X_ENDS, Y_ENDS } from '../search/RatePlot';

interface Props {
  points: DetPoint[];
  /** The operating point. */
  at?: DetPoint;
}

/** Receiver operating characteristic: true match rate over the logarithm of the false match rate. */
export function RocPlot({ points, at }: Props) {
  const { t } = useTranslation();
  const drawn = points.filter((point) => point.falsePositive > 0);
  if (drawn.length < 2) return null;
  return (
    <RatePlot
      label={t('det.roc')}
      xLabel={t('overview.falseMatchRate')}
      yLabel={t('overview.trueMatchRate')}
      x={scaleOf(
        drawn.map((point) => point.falsePositive),
        ...X_ENDS,
      )}
      y={linearScale(...Y_ENDS)}
      marks={drawn.map((point) => ({
        threshold: point.threshold,
        x: point.falsePositive,
        y: 1 - point.missed,
        title: t('det.rocPoint', {
          threshold: point.threshold.toFixed(2),
          false: percent(point.falsePositive),
          true: `${(100 * (1 - point.missed)).toFixed(2)} %`,
        }),
      }))}
      at={at && at.falsePositive > 0 ? { threshold: at.threshold, x: at.falsePositive, y: 1 - at.missed } : undefined}
    />
  );
}
