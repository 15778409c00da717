import { useTranslation } from 'react-i18next';
import type { Box } from '../api/types';

/** Number of faces above which outlines are thin, so that they cover no neighbours. */
const CROWD = 8;

interface Props {
  boxes: Box[];
  chosen: number;
  onChoose: (index: number) => void;
}

/** Bounding boxes of faces, in image pixels; one is selected by click or key. */
export function FaceBoxes({ boxes, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  return boxes.map((box, index) => (
    // biome-ignore lint/a11y/useSemanticElements: an SVG cannot contain a button
    <rect
      key={`${box.top_left_x},${box.top_left_y},${box.width},${box.height}`}
      className={boxes.length > CROWD ? 'face-box crowd' : 'face-box'}
      x={box.top_left_x}
      y={box.top_left_y}
      width={box.width}
      height={box.height}
      role="button"
      tabIndex={0}
      aria-pressed={index === chosen}
      aria-label={t('image.face', { number: index + 1 })}
      onClick={() => onChoose(index)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose(index);
      }}
    />
  ));
}
