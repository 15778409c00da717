import { Checkbox, Group, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data, formOf, postForm } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';
import { Performed } from './Performed';
import { planOf, type Step } from './plan';
import { Recorder } from './Recorder';
import { ACTIONS, type Action, useActionName } from './types';
import { Verdict } from './Verdict';

const MAX_ACTIONS = 5;
const HEAD = ['1', '2', '3'];

/** A liveness session: the service chooses the actions, takes one video, and returns its result once. */
export function Session() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const name = useActionName();
  const [count, setCount] = useState<string | number>(2);
  const [kinds, setKinds] = useState(HEAD);
  const session = useRef('');
  const creating = useMutation({
    mutationFn: () =>
      data(
        api.POST('/x/v1/{project_id}/liveness-sessions', {
          params: { path: { project_id } },
          body: { count: Number(count), kinds: kinds.join(','), mirrored: false },
        }),
      ),
  });
  const checking = useMutation({
    mutationFn: async ({ id, recorded }: { id: string; recorded: Blob; plan: Step[] }) => {
      await postForm(`/x/v1/${project_id}/liveness-sessions/${id}/video`, formOf({ video_file: recorded }));
      const params = { path: { project_id, session_id: id } };
      return data(api.GET('/x/v1/{project_id}/liveness-sessions/{session_id}/result', { params }));
    },
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('liveness.sessionHint')}
      </Text>
      <Group align="end">
        <NumberInput label={t('liveness.count')} w={140} min={1} max={MAX_ACTIONS} value={count} onChange={setCount} />
        <Checkbox.Group label={t('liveness.kinds')} value={kinds} onChange={setKinds}>
          <Group gap="sm" mih={36}>
            {Object.keys(ACTIONS).map((code) => (
              <Checkbox key={code} value={code} label={name(Number(code))} />
            ))}
          </Group>
        </Checkbox.Group>
      </Group>
      <Recorder
        label={t('liveness.startSession')}
        disabled={!kinds.length}
        busy={creating.isPending || checking.isPending}
        plan={async () => {
          const created = await creating.mutateAsync();
          session.current = created.session_id;
          return planOf(created.actions as Action[]);
        }}
        onStart={() => checking.reset()}
        onRecorded={(recorded, plan) => checking.mutate({ id: session.current, recorded, plan })}
        onError={() => undefined}
      />
      <Problem error={creating.error ?? checking.error} />
      {checking.data && (
        <Verdict alive={checking.data.alive} warnings={checking.data.warnings}>
          <Performed actions={checking.data.actions} steps={checking.variables.plan} angles={[]} />
        </Verdict>
      )}
    </Stack>
  );
}
