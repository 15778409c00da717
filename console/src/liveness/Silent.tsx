import { Loader, Progress, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useProjectId } from '../api/useApi';
import { ImageInput } from '../images/ImageInput';
import { Problem } from '../shell/Problem';
import { SHOTS, silentLiveness } from './decision';
import { Verdict } from './Verdict';

/** Silent liveness of a photo, or of several that the camera takes. */
export function Silent() {
  const { t } = useTranslation();
  const project = useProjectId();
  const [image, setImage] = useState<Blob>();
  const checking = useMutation({ mutationFn: (photos: Blob[]) => silentLiveness(photos, project) });
  const check = (photos: Blob[]) => {
    setImage(photos[0]);
    checking.mutate(photos);
  };
  const decision = checking.data;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('liveness.silentHint', { count: SHOTS })}
      </Text>
      <ImageInput
        label={t('liveness.face')}
        image={image}
        onImage={(file) => check([file])}
        shots={SHOTS}
        onShots={check}
      />
      {checking.isPending && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
      <Problem error={checking.error} />
      {decision && (
        <Verdict alive={decision.alive} warnings={decision.warnings} image={decision.image}>
          <Text className="numeric">
            {t('liveness.confidence')}: {decision.confidence.toFixed(3)}
          </Text>
          <Progress value={100 * decision.confidence} aria-label={t('liveness.confidence')} mb="xs" />
          {!decision.samePerson && <Text size="sm">{t('liveness.otherPerson')}</Text>}
          {decision.confidences.length > 0 && (
            <Text size="xs" className="numeric">
              {t('liveness.confidences')}: {decision.confidences.map((each) => each.toFixed(2)).join(', ')}
            </Text>
          )}
        </Verdict>
      )}
    </Stack>
  );
}
