import { Loader, Progress, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import { useProjectId } from '../api/useApi';
import { ImageInput } from '../images/ImageInput';
import { Problem } from '../shell/Problem';
import type { SilentResponse } from './types';
import { Verdict } from './Verdict';

/** Silent liveness of a single photo. */
export function Silent() {
  const { t } = useTranslation();
  const project = useProjectId();
  const [image, setImage] = useState<Blob>();
  const checking = useMutation({
    mutationFn: (photo: Blob) =>
      postForm<SilentResponse>(`/v1/${project}/live-detect-face`, formOf({ image_file: photo })),
  });
  const response = checking.data;
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
          checking.mutate(file);
        }}
      />
      {checking.isPending && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
      <Problem error={checking.error} />
      {response && (
        <Verdict
          alive={response.result.alive}
          warnings={response['warning-list'].map((each) => each.warningCode)}
          image={response.result.picture}
        >
          <Text className="numeric">
            {t('liveness.confidence')}: {response.result.confidence.toFixed(3)}
          </Text>
          <Progress value={100 * response.result.confidence} aria-label={t('liveness.confidence')} mb="xs" />
        </Verdict>
      )}
    </Stack>
  );
}
