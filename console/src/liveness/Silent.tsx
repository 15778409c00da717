import { Loader, Progress, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { useProject } from '../api/useApi';
import { PictureInput } from '../pictures/PictureInput';
import { Problem } from '../shell/Problem';
import type { SilentAnswer } from './types';
import { Verdict } from './Verdict';

/** Whether one picture shows a live face. */
export function Silent() {
  const { t } = useTranslation();
  const project = useProject();
  const [picture, setPicture] = useState<Blob>();
  const judging = useMutation({
    mutationFn: (given: Blob) =>
      postForm<SilentAnswer>(`/v1/${project}/live-detect-face`, formOf({ image_file: given })),
  });
  const answer = judging.data;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('liveness.silentHint')}
      </Text>
      <PictureInput
        label={t('liveness.face')}
        picture={picture}
        onPicture={(given) => {
          setPicture(given);
          judging.mutate(given);
        }}
      />
      {judging.isPending && <Loader size="sm" role="status" aria-label={t('picture.looking')} />}
      <Problem error={judging.error} />
      {answer && (
        <Verdict alive={answer.result.alive} warnings={answer['warning-list']} picture={answer.result.picture}>
          <Text className="numeric">
            {t('liveness.confidence')}: {answer.result.confidence.toFixed(3)}
          </Text>
          <Progress value={100 * answer.result.confidence} aria-label={t('liveness.confidence')} mb="xs" />
        </Verdict>
      )}
    </Stack>
  );
}
