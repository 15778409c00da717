import type { Scale } from './det';

interface Mark {
  threshold: number;
  x: number;
  y: number;
  title: string;
}

interface Props {
  label: string;
  xLabel: string;
  yLabel: string;
  x: Scale;
  y: Scale;
  marks: Mark[];
  /** The operating point. */
  at?: Pick<Mark, 'threshold' | 'x' | 'y'>;
}

const WIDTH = 360;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 24;
const TOP = 8;
const BOTTOM = 40;

/** Ends of the axes in pixels, for their scales. */
export const X_ENDS = [LEFT, WIDTH - RIGHT] as const;
export const Y_ENDS = [HEIGHT - BOTTOM, TOP] as const;

export const percent = (rate: number) =>
  `${Number((100 * rate).toPrecision(1)).toLocaleString(undefined, { maximumFractionDigits: 6 })} %`;

/** A curve of one rate over another by threshold, with the operating point. */
export function RatePlot({ label, xLabel, yLabel, x, y, marks, at }: Props) {
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={label}>
      {x.ticks.map((rate) => (
        <g key={rate}>
          <line x1={x.at(rate)} x2={x.at(rate)} y1={TOP} y2={HEIGHT - BOTTOM} />
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
        {yLabel}
      </text>
      <polyline className="curve" points={marks.map((mark) => `${x.at(mark.x)},${y.at(mark.y)}`).join(' ')} />
      {marks.map((mark) => (
        <circle key={mark.threshold} className="point" cx={x.at(mark.x)} cy={y.at(mark.y)} r={5}>
          <title>{mark.title}</title>
        </circle>
      ))}
      {at && (
        <g data-testid="operating-point">
          <circle className="operating" cx={x.at(at.x)} cy={y.at(at.y)} r={6} />
          <text x={x.at(at.x) + 9} y={y.at(at.y) + (y.at(at.y) < 24 ? 18 : -8)}>
            {at.threshold.toFixed(2)}
          </text>
        </g>
      )}
    </svg>
  );
}
