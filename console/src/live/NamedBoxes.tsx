import { useTranslation } from 'react-i18next';
import type { Identified } from '../api/types';
import { nameOf } from './identify';

interface Props {
  faces: Identified[];
  /** Width of the image in pixels. */
  width: number;
  /** True if the image is shown as in a mirror. */
  mirrored?: boolean;
  chosen?: number;
  /** Without it, the boxes are not controls: those of a moving image would move under the pointer. */
  onChoose?: (index: number) => void;
}

/** Boxes of faces in image pixels, with the name and similarity of the best candidate above each. */
export function NamedBoxes({ faces, width, mirrored, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const size = Math.max(14, width / 45);
  return faces.map((face, index) => {
    const { top_left_x: left, top_left_y: y, width: side, height } = face.bounding_box;
    const x = mirrored ? width - left - side : left;
    const [best] = face.candidates;
    const name = best ? nameOf(best) : t('live.unknown');
    const text = best ? `${name} ${best.similarity.toFixed(2)}` : name;
    const control = onChoose && {
      role: 'button',
      tabIndex: 0,
      'aria-pressed': index === chosen,
      'aria-label': t('live.face', { number: index + 1, name }),
      onClick: () => onChoose(index),
      onKeyDown: (event: React.KeyboardEvent) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose(index);
      },
    };
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a face of a frame is identified only by its index
      <g key={index} data-testid="named-face">
        <rect
          className={best ? 'face-box' : 'face-box stranger'}
          x={x}
          y={y}
          width={side}
          height={height}
          {...control}
        />
        <text className="face-name" x={x} y={y > size * 1.5 ? y - size * 0.4 : y + height + size} fontSize={size}>
          {text}
        </text>
      </g>
    );
  });
}
