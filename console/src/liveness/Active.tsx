import { Alert, Badge, Button, Group, MultiSelect, Progress, Stack, Text, Title } from '@mantine/core';
import { IconVideo } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { useProjectId } from '../api/useApi';
import { useCamera } from '../images/Camera';
import { Problem } from '../shell/Problem';
import { anglesOf } from './angles';
import { durationOf, planOf, type Step, stepAt, timesOf } from './plan';
import { record } from './recording';
import { Timeline } from './Timeline';
import { ACTIONS, type Action, type ActionResponse } from './types';
import { Verdict } from './Verdict';

/** Prompt for actions, record them, and show the recognised actions and head movement. */
export function Active() {
  const { t } = useTranslation();
  const project = useProjectId();
  const video = useRef<HTMLVideoElement>(null);
  const { stream, failed } = useCamera(video);
  const [chosen, setChosen] = useState<string[]>(['1', '3']);
  const [time, setTime] = useState<number>();
  const [steps, setSteps] = useState<Step[]>([]);
  const checking = useMutation({
    mutationFn: async ({ recorded, plan }: { recorded: Blob; plan: Step[] }) =>
      postForm<ActionResponse>(
        `/v1/${project}/live-detect`,
        formOf({
          video_file: recorded,
          actions: plan.map((step) => step.action).join(','),
          action_time: timesOf(plan),
        }),
      ),
  });
  const angles = useMutation({ mutationFn: (recorded: Blob) => anglesOf(recorded, project) });
  const start = async () => {
    if (!stream) return;
    const plan = planOf(chosen.map((each) => Number(each) as Action));
    setSteps(plan);
    checking.reset();
    angles.reset();
    const recorded = await record(stream, durationOf(plan), setTime);
    setTime(undefined);
    checking.mutate({ recorded, plan });
    angles.mutate(recorded);
  };
  const step = time === undefined ? undefined : stepAt(steps, time);
  const name = (action: number) => t(`liveness.actions.${ACTIONS[action as Action] ?? 'unknown'}`);
  const response = checking.data;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('liveness.activeHint')}
      </Text>
      <MultiSelect
        label={t('liveness.order')}
        data={Object.keys(ACTIONS).map((code) => ({ value: code, label: name(Number(code)) }))}
        value={chosen}
        onChange={setChosen}
        disabled={time !== undefined}
      />
      {failed && (
        <Alert color="orange" role="alert">
          {t('camera.failed')}
        </Alert>
      )}
      <div className="image">
        <video ref={video} autoPlay playsInline muted aria-label={t('camera.live')} />
      </div>
      {time !== undefined && (
        <>
          <Title order={2} aria-live="assertive" data-testid="prompt">
            {step ? name(step.action) : t('liveness.ahead')}
          </Title>
          <Progress value={(100 * time) / durationOf(steps)} aria-label={t('liveness.recording')} />
        </>
      )}
      <Group>
        <Button
          leftSection={<IconVideo size={16} aria-hidden />}
          disabled={!stream || !chosen.length}
          loading={time !== undefined || checking.isPending}
          onClick={start}
        >
          {t('liveness.record')}
        </Button>
      </Group>
      <Problem error={checking.error} />
      {response && (
        <Verdict
          alive={response['video-result'].alive}
          warnings={response['warning-list']}
          image={response['video-result'].picture}
        >
          <Group gap="xs" my="xs">
            {response['video-result'].actions.map((each) => (
              <Badge key={each.action} variant="light" tt="none">
                {name(each.action)} {each.confidence.toFixed(2)}
              </Badge>
            ))}
          </Group>
        </Verdict>
      )}
      {angles.data && <Timeline angles={angles.data} steps={steps} name={name} />}
    </Stack>
  );
}
