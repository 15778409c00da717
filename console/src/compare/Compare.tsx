import { Alert, Card, Loader, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { formOf, postForm } from '../api/client';
import type { Box, Comparison } from '../api/types';
import { useModels, useProjectId } from '../api/useApi';
import { FaceBoxes } from '../images/FaceBoxes';
import { ImageInput } from '../images/ImageInput';
import { keepPhoto, photoOf } from '../images/photos';
import { falseMatchRate, oneIn, RECOMMENDED_THRESHOLD } from '../search/rates';
import { imageKey } from '../search/useDetection';
import { Exchange } from '../shell/Exchange';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';

const noop = () => undefined;
const boxOverlay = (box?: Box) => (box ? () => <FaceBoxes boxes={[box]} chosen={0} onChoose={noop} /> : undefined);

/** Compare two photos side by side. */
export default function Compare() {
  const { t } = useTranslation();
  const project = useProjectId();
  const models = useModels();
  const [state, change] = useAddress({ first: '', second: '' });
  const [first, second] = [photoOf(state.first), photoOf(state.second)];
  const comparison = useQuery({
    queryKey: ['compare', project, imageKey(first), imageKey(second)],
    enabled: !!first && !!second,
    queryFn: () =>
      postForm<Comparison>(`/v2/${project}/face-compare`, formOf({ image1_file: first, image2_file: second })),
  });
  const similarity = comparison.data?.similarity;
  const rate =
    similarity === undefined ? undefined : falseMatchRate(models.data?.calibration.operating_points ?? [], similarity);
  return (
    <Stack>
      <Title order={1}>{t('nav.compare')}</Title>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <ImageInput
          label={t('compare.first')}
          image={first}
          onImage={(photo) => change({ first: keepPhoto(photo) })}
          overlay={boxOverlay(comparison.data?.image1_face.bounding_box)}
        />
        <ImageInput
          label={t('compare.second')}
          image={second}
          onImage={(photo) => change({ second: keepPhoto(photo) })}
          overlay={boxOverlay(comparison.data?.image2_face.bounding_box)}
        />
      </SimpleGrid>
      {comparison.isFetching && <Loader size="sm" role="status" aria-label={t('image.looking')} />}
      <Problem error={comparison.error} />
      {similarity !== undefined && (
        <Alert
          role="status"
          color={similarity >= RECOMMENDED_THRESHOLD ? 'green' : 'orange'}
          title={t(similarity >= RECOMMENDED_THRESHOLD ? 'compare.same' : 'compare.different')}
        >
          <Text className="numeric" fw={700} data-testid="similarity">
            {similarity.toFixed(4)}
          </Text>
          <Text size="sm" className="numeric">
            {t(similarity >= RECOMMENDED_THRESHOLD ? 'compare.above' : 'compare.below', {
              margin: Math.abs(similarity - RECOMMENDED_THRESHOLD).toFixed(4),
              threshold: RECOMMENDED_THRESHOLD,
            })}
          </Text>
          {rate && <Text size="sm">{t(`search.rate${rate.bound}`, { number: oneIn(rate.rate) })}</Text>}
        </Alert>
      )}
      {comparison.data && (
        <Card withBorder>
          <Title order={2} size="h4" mb="sm">
            JSON
          </Title>
          <Exchange
            requests={[
              {
                path: '/v2/{project_id}/face-compare',
                fields: { image1_file: first, image2_file: second },
                response: comparison.data,
              },
            ]}
          />
        </Card>
      )}
    </Stack>
  );
}
