import { Alert, Button, Group, Progress, Stack, Title } from '@mantine/core';
import { IconVideo } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCamera } from '../images/Camera';
import { durationOf, type Step, stepAt } from './plan';
import { record } from './recording';
import { useActionName } from './types';

interface Props {
  label: string;
  disabled?: boolean;
  busy: boolean;
  /** The actions to prompt for; called when the recording starts. */
  plan: () => Promise<Step[]>;
  onStart: () => void;
  onRecorded: (recorded: Blob, plan: Step[]) => void;
  onError: (error: unknown) => void;
}

/** Record the camera while prompting for actions, one after the other, above a preview that is mirrored as people expect. */
export function Recorder({ label, disabled, busy, plan, onStart, onRecorded, onError }: Props) {
  const { t } = useTranslation();
  const name = useActionName();
  const video = useRef<HTMLVideoElement>(null);
  const { stream, failed } = useCamera(video);
  const [time, setTime] = useState<number>();
  const [steps, setSteps] = useState<Step[]>([]);
  const start = async () => {
    if (!stream) return;
    onStart();
    try {
      const planned = await plan();
      setSteps(planned);
      const recorded = await record(stream, durationOf(planned), setTime);
      onRecorded(recorded, planned);
    } catch (error) {
      onError(error);
    } finally {
      setTime(undefined);
    }
  };
  const step = time === undefined ? undefined : stepAt(steps, time);
  return (
    <Stack>
      {failed && (
        <Alert color="orange" role="alert">
          {t('camera.failed')}
        </Alert>
      )}
      {time !== undefined && (
        <>
          <Title order={2} aria-live="assertive" data-testid="prompt">
            {step ? name(step.action) : t('liveness.ahead')}
          </Title>
          <Progress value={(100 * time) / durationOf(steps)} aria-label={t('liveness.recording')} />
        </>
      )}
      <div className="image">
        <video ref={video} className="mirrored" autoPlay playsInline muted aria-label={t('camera.live')} />
      </div>
      <Group>
        <Button
          leftSection={<IconVideo size={16} aria-hidden />}
          disabled={!stream || disabled}
          loading={time !== undefined || busy}
          onClick={start}
        >
          {label}
        </Button>
      </Group>
    </Stack>
  );
}
