import { Badge, Button, Code, Group, Skeleton, Stack, Table } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { AuditConditions } from './AuditConditions';
import { AuditExport } from './AuditExport';
import { type Conditions, NO_CONDITIONS, queryOf } from './conditions';

interface Entry {
  time: string;
  event: string;
  request_id?: string;
  user_id?: string;
  address?: string;
  method?: string;
  target?: string;
  status?: number;
  account?: string;
  actor?: string;
  command?: string;
  face_set?: string;
  outcome?: string;
  reason?: string;
}

/** Audit log, newest entries first, with conditions and export. */
export function Audit() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [typed, setTyped] = useState<Conditions>(NO_CONDITIONS);
  const [conditions] = useDebouncedValue(typed, 300);
  const query = queryOf(conditions);
  const pages = useInfiniteQuery({
    queryKey: ['audit', project_id, query],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      data(
        api.GET('/x/v1/accounts/{project_id}/audit', {
          params: { path: { project_id }, query: { ...query, before: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (page) => page.before || undefined,
  });
  const entries = (pages.data?.pages ?? []).flatMap((page) => page.entries as unknown as Entry[]);
  return (
    <Stack>
      <AuditConditions conditions={typed} onChange={setTyped} />
      <AuditExport query={query} />
      <Problem error={pages.error} retry={pages.refetch} />
      {pages.isPending && <Skeleton h={200} />}
      {pages.data && entries.length === 0 && !pages.hasNextPage && <Empty>{t('accounts.noEntries')}</Empty>}
      {entries.length > 0 && (
        <Table.ScrollContainer
          type="native"
          minWidth={0}
          mah="75dvh"
          tabIndex={0}
          role="region"
          aria-label={t('accounts.audit')}
        >
          <Table fz="sm" stickyHeader className="listing">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('accounts.time')}</Table.Th>
                <Table.Th>{t('accounts.event')}</Table.Th>
                <Table.Th>{t('accounts.outcome')}</Table.Th>
                <Table.Th>{t('accounts.who')}</Table.Th>
                <Table.Th>{t('errors.request')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {entries.map((entry) => (
                <Table.Tr key={`${entry.request_id}${entry.time}`}>
                  <Table.Td className="numeric">{entry.time.replace('T', ' ').slice(0, 19)}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    {entry.method
                      ? `${entry.method} ${entry.target}`
                      : `${entry.event} ${entry.account ?? entry.command ?? entry.face_set ?? ''}`}
                  </Table.Td>
                  <Table.Td>
                    {entry.status ? (
                      <Badge variant="light" color={entry.status < 400 ? 'green' : 'red'}>
                        {entry.status}
                      </Badge>
                    ) : (
                      (entry.reason ?? entry.outcome)
                    )}
                  </Table.Td>
                  <Table.Td>
                    {entry.actor ?? (entry.user_id && <Code>{entry.user_id.slice(0, 8)}</Code>)} {entry.address}
                  </Table.Td>
                  <Table.Td>
                    <Code>{entry.request_id?.slice(0, 8)}</Code>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
            {t('accounts.older')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
