import { Badge, Card, Group, Skeleton, Table, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useStatus } from '../api/useApi';
import { Problem } from '../shell/Problem';
import { Notes } from './Notes';

const REFRESH = 15_000;
const MEGABYTE = 1e6;

/** Health of the server in detail: version, models, database, and the memory of the project's indexes. */
export function Status() {
  const { t } = useTranslation();
  const status = useStatus(REFRESH);
  const state = status.data;
  const parts = state && {
    models: state.models_loaded,
    store: state.store_responds,
    milvus: state.milvus_responds,
  };
  const bytes = state?.indexes.reduce((total, each) => total + each.bytes, 0) ?? 0;
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {t('overview.server')}
        </Title>
        <Notes />
      </Group>
      <Problem error={status.error} />
      {status.isPending && <Skeleton h={140} />}
      {state && (
        <Table>
          <Table.Tbody>
            <Table.Tr>
              <Table.Th scope="row" fw={500}>
                {t('overview.version')}
              </Table.Th>
              <Table.Td className="numeric">{state.version}</Table.Td>
            </Table.Tr>
            {Object.entries(parts ?? {}).map(([name, works]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={500}>
                  {t(`overview.part.${name}`)}
                </Table.Th>
                <Table.Td>
                  <Badge variant="light" color={works ? 'green' : 'red'} tt="none">
                    {t(works ? 'overview.works' : 'overview.fails')}
                  </Badge>
                </Table.Td>
              </Table.Tr>
            ))}
            <Table.Tr>
              <Table.Th scope="row" fw={500}>
                {t('overview.indexMemory')}
              </Table.Th>
              <Table.Td className="numeric">
                {t('overview.megabytes', { size: (bytes / MEGABYTE).toFixed(2), count: state.indexes.length })}
              </Table.Td>
            </Table.Tr>
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}
