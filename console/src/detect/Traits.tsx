import { Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Attributes, Box } from '../api/types';

/** Least side of a face whose age and expression say something, in pixels: that of the default policy `standard`. */
export const MIN_SIDE = 40;

/** Traits that a tiny face does not show. */
const NEEDS_DETAIL = new Set(['age', 'expression', 'smile']);

/** Attributes of a face as a table. */
export function Traits({ box, attributes }: { box: Box; attributes: Attributes }) {
  const { t } = useTranslation();
  const { headpose, expression } = attributes;
  const tiny = Math.min(box.width, box.height) < MIN_SIDE;
  const word = (value?: string | null) => value && t(`detect.values.${value}`, { defaultValue: value });
  const degrees = (angle: number) => `${angle.toFixed(0)}°`;
  const rows: [string, string | number | null | undefined][] = [
    ['size', `${box.width} × ${box.height}`],
    ['gender', word(attributes.gender)],
    ['age', attributes.age],
    ['expression', expression && `${word(expression.type)} (${expression.probability.toFixed(2)})`],
    ['smile', word(attributes.smile)],
    ['mask', word(attributes.mask)],
    ['glasses', word(attributes.dress?.glass)],
    ['hat', word(attributes.dress?.hat)],
    ['hair', word(attributes.hair)],
    ['beard', word(attributes.beard)],
    ['yaw', headpose && degrees(headpose.yaw_angle)],
    ['pitch', headpose && degrees(headpose.pitch_angle)],
    ['roll', headpose && degrees(headpose.roll_angle)],
    ['angle', attributes.face_angle === undefined ? undefined : `${attributes.face_angle}°`],
  ];
  return (
    <Table className="numeric">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== undefined && value !== null)
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500}>
                {t(`detect.traits.${name}`)}
              </Table.Th>
              <Table.Td>{tiny && NEEDS_DETAIL.has(name) ? t('detect.tooSmall') : value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}
