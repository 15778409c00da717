import { Card, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Problem } from '../shell/Problem';

const UNLIMITED_BY_ZERO = new Set(['rate', 'slow_rate', 'concurrent']);

/** Limits of the project. They can only be changed on the server. */
export function Limits() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const project = useQuery({
    queryKey: ['project', project_id],
    queryFn: () => data(api.GET('/x/v1/accounts/{project_id}', { params: { path: { project_id } } })),
  });
  return (
    <Card withBorder>
      <Stack>
        <Problem error={project.error} retry={project.refetch} />
        {project.isPending && <Skeleton h={160} />}
        {project.data && (
          <Table className="numeric">
            <Table.Tbody>
              {Object.entries(project.data.limits).map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={500}>
                    {t(`accounts.limit.${name}`)}
                  </Table.Th>
                  <Table.Td>
                    {UNLIMITED_BY_ZERO.has(name) && value === 0 ? t('accounts.unlimited') : value.toLocaleString()}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Text size="sm" c="dimmed">
          {t('accounts.limitsHint')}
        </Text>
      </Stack>
    </Card>
  );
}
