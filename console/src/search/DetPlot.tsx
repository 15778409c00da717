import { useTranslation } from 'react-i18next';
import { scaleOf } from './det';

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

const WIDTH = 360;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 24;
const BOTTOM = 40;

const percent = (rate: number) =>
  `${Number((100 * rate).toPrecision(1)).toLocaleString(undefined, { maximumFractionDigits: 6 })} %`;

/** Detection error trade-off: missed matches over false positives, both logarithmic, with the operating point. */
export function DetPlot({ label, xLabel, points, at }: Props) {
  const { t } = useTranslation();
  const drawn = points.filter((point) => point.falsePositive > 0 && point.missed > 0);
  if (drawn.length < 2) return null;
  const x = scaleOf(
    drawn.map((point) => point.falsePositive),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scaleOf(
    drawn.map((point) => point.missed),
    HEIGHT - BOTTOM,
    8,
  );
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={label}>
      {x.ticks.map((rate) => (
        <g key={rate}>
          <line x1={x.at(rate)} x2={x.at(rate)} y1={8} y2={HEIGHT - BOTTOM} />
          <text x={x.at(rate)} y={HEIGHT - BOTTOM + 14} textAnchor="middle">
            {percent(rate)}
          </text>
        </g>
      ))}
      {y.ticks.map((rate) => (
        <g key={rate}>
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={y.at(rate)} y2={y.at(rate)} />
          <text x={LEFT - 4} y={y.at(rate) + 4} textAnchor="end">
            {percent(rate)}
          </text>
        </g>
      ))}
      <text x={(LEFT + WIDTH) / 2} y={HEIGHT - 6} textAnchor="middle">
        {xLabel}
      </text>
      <text x={12} y={(HEIGHT - BOTTOM) / 2} textAnchor="middle" transform={`rotate(-90 12 ${(HEIGHT - BOTTOM) / 2})`}>
        {t('det.missed')}
      </text>
      <polyline
        className="curve"
        points={drawn.map((point) => `${x.at(point.falsePositive)},${y.at(point.missed)}`).join(' ')}
      />
      {drawn.map((point) => (
        <circle key={point.threshold} className="point" cx={x.at(point.falsePositive)} cy={y.at(point.missed)} r={5}>
          <title>
            {t('det.point', {
              threshold: point.threshold.toFixed(2),
              false: percent(point.falsePositive),
              missed: percent(point.missed),
            })}
          </title>
        </circle>
      ))}
      {at && at.falsePositive > 0 && at.missed > 0 && (
        <g data-testid="operating-point">
          <circle className="operating" cx={x.at(at.falsePositive)} cy={y.at(at.missed)} r={6} />
          <text x={x.at(at.falsePositive) + 9} y={y.at(at.missed) - 8}>
            {at.threshold.toFixed(2)}
          </text>
        </g>
      )}
    </svg>
  );
}
