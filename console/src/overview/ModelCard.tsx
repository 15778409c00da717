import { Card, Grid, Skeleton, Table, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useModels } from '../api/useApi';
import { DetPlot } from '../search/DetPlot';
import { RECOMMENDED_THRESHOLD } from '../search/rates';
import { Problem } from '../shell/Problem';
import { RocPlot } from './RocPlot';

/** The embedder in use: what it is, the data it was measured on, and its error rates as a plot and a table. */
export function ModelCard() {
  const { t } = useTranslation();
  const models = useModels();
  const active = models.data?.embedders.find((each) => each.active);
  const points = (models.data?.calibration.operating_points ?? []).map((point) => ({
    threshold: point.similarity,
    falsePositive: point.false_match_rate,
    missed: 1 - point.true_match_rate,
    trueMatchRate: point.true_match_rate,
  }));
  const recommended = points.find((point) => point.threshold === RECOMMENDED_THRESHOLD);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('overview.accuracy')}
      </Title>
      <Problem error={models.error} />
      {models.isPending && <Skeleton h={200} />}
      {models.data && (
        <>
          <Text size="sm" c="dimmed" mb="sm">
            {t('overview.accuracyHint', {
              embedder: models.data.embedder,
              data: models.data.calibration.data,
              pairs: models.data.calibration.impostor_pairs.toLocaleString(),
            })}{' '}
            {active && t('overview.embedder', { dimension: active.dimension })}
          </Text>
          <Grid>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <DetPlot
                label={t('det.ofModel')}
                xLabel={t('overview.falseMatchRate')}
                points={points}
                at={recommended}
              />
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <RocPlot points={points} at={recommended} />
            </Grid.Col>
            <Grid.Col span={12}>
              <Table.ScrollContainer minWidth={320}>
                <Table striped className="numeric" verticalSpacing={4}>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t('overview.threshold')}</Table.Th>
                      <Table.Th>{t('overview.falseMatchRate')}</Table.Th>
                      <Table.Th>{t('overview.trueMatchRate')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {points.map((point) => (
                      <Table.Tr key={point.threshold}>
                        <Table.Td>{point.threshold.toFixed(2)}</Table.Td>
                        <Table.Td>{point.falsePositive.toExponential(1)}</Table.Td>
                        <Table.Td>{(100 * point.trueMatchRate).toFixed(2)} %</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Grid.Col>
          </Grid>
        </>
      )}
    </Card>
  );
}
