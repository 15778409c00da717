import { Badge, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Angle } from './angles';
import { frameOf, type Step } from './plan';
import { useActionName } from './types';

interface Props {
  actions: { action: number; confidence: number }[];
  steps: Step[];
  angles: Angle[];
}

/** Each requested action with its confidence, and the frame that shows most of it. */
export function Performed({ actions, steps, angles }: Props) {
  const { t } = useTranslation();
  const name = useActionName();
  return (
    <Group gap="md" my="xs" align="start" component="ol" p={0} style={{ listStyle: 'none' }}>
      {actions.map((each, index) => {
        const step = steps[index];
        const frame = step && frameOf(step, angles);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same action can be requested twice
          <li key={index} data-testid="performed">
            <Badge variant="light" tt="none">
              {name(each.action)} {each.confidence.toFixed(2)}
            </Badge>
            {frame && (
              <>
                <br />
                <img src={frame.image} alt={t('liveness.frameOf', { action: name(each.action) })} height={96} />
                <Text size="xs" className="numeric">
                  {t('liveness.at', { seconds: (frame.time / 1000).toFixed(1) })}
                </Text>
              </>
            )}
          </li>
        );
      })}
    </Group>
  );
}
