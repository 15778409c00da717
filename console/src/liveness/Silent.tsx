import { Loader, Progress, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { useProject } from '../api/useApi';
import { ImageInput } from '../images/ImageInput';
import { Problem } from '../shell/Problem';
import type { SilentResponse } from './types';
import { Verdict } from './Verdict';

/** Silent liveness of a single photo. */
export function Silent() {
  const { t } = useTranslation();
  const project = useProject();
  const [image, setImage] = useState<Blob>();
  const judging = useMutation({
    mutationFn: (photo: Blob) =>
      postForm<SilentResponse>(`/v1/${project}/live-detect-face`, formOf({ image_file: photo })),
  });
  const answer = judging.data;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('liveness.silentHint')}
      </Text>
      <ImageInput
        label={t('liveness.face')}
        image={image}
        onImage={(file) => {
          setImage(file);
          judging.mutate(file);
        }}
      />
      {judging.isPending && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
      <Problem error={judging.error} />
      {answer && (
        <Verdict alive={answer.result.alive} warnings={answer['warning-list']} image={answer.result.picture}>
          <Text className="numeric">
            {t('liveness.confidence')}: {answer.result.confidence.toFixed(3)}
          </Text>
          <Progress value={100 * answer.result.confidence} aria-label={t('liveness.confidence')} mb="xs" />
        </Verdict>
      )}
    </Stack>
  );
}
