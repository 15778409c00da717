import { MultiSelect, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';
import { anglesOf } from './angles';
import { Performed } from './Performed';
import { planOf, type Step, timesOf } from './plan';
import { Recorder } from './Recorder';
import { Timeline } from './Timeline';
import { ACTIONS, type Action, type ActionResponse, useActionName } from './types';
import { Verdict } from './Verdict';

/** Prompt for chosen actions, and show how they were recognised, the reasons, and the head movement. */
export function Active() {
  const { t } = useTranslation();
  const project = useProjectId();
  const name = useActionName();
  const [chosen, setChosen] = useState<string[]>(['1', '3']);
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
  const result = checking.data?.['video-result'];
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
      />
      <Recorder
        label={t('liveness.record')}
        disabled={!chosen.length}
        busy={checking.isPending}
        plan={async () => planOf(chosen.map((each) => Number(each) as Action))}
        onStart={() => {
          checking.reset();
          angles.reset();
        }}
        onRecorded={(recorded, plan) => {
          setSteps(plan);
          checking.mutate({ recorded, plan });
          angles.mutate(recorded);
        }}
        onError={() => undefined}
      />
      <Problem error={checking.error} />
      {result && (
        <Verdict
          alive={result.alive}
          warnings={checking.data?.['warning-list'].map((each) => each.warningCode) ?? []}
          image={result.picture}
        >
          <Performed actions={result.actions} steps={steps} angles={angles.data ?? []} />
        </Verdict>
      )}
      {angles.data && <Timeline angles={angles.data} steps={steps} name={name} />}
    </Stack>
  );
}
