import { Badge, Button, Card, Code, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { CopyText } from '../shell/CopyText';
import { download } from '../shell/download';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';

const PAGE = 50;
const MAX_PAGE = 200;

const pageOf = (project_id: string, before: number | undefined, limit: number) =>
  data(api.GET('/x/v1/{project_id}/deletions', { params: { path: { project_id }, query: { before, limit } } }));

/** Records of deletions, newest first, and the digest that proves them. */
export default function Deletions() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const pages = useInfiniteQuery({
    queryKey: ['deletions', project_id],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam }) => pageOf(project_id, pageParam, PAGE),
    getNextPageParam: (page) => (page.deletions.length === PAGE ? page.deletions.at(-1)?.id : undefined),
  });
  const saving = useMutation({ mutationFn: () => saveAll(project_id) });
  const records = (pages.data?.pages ?? []).flatMap((page) => page.deletions);
  const [newest] = records;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t('nav.deletions')}</Title>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          disabled={!newest}
          loading={saving.isPending}
          onClick={() => saving.mutate()}
        >
          {t('deletions.save')}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t('deletions.hint')}
      </Text>
      <Problem error={pages.error ?? saving.error} retry={pages.refetch} />
      {pages.isPending && <Skeleton h={200} />}
      {pages.data && !newest && <Empty>{t('deletions.none')}</Empty>}
      {newest && (
        <>
          <Card withBorder>
            <Text size="sm" fw={500}>
              {t('deletions.proof')}
            </Text>
            <Text size="sm" c="dimmed" mb="xs">
              {t('deletions.proofHint')}
            </Text>
            <CopyText text={`openfrs retention report --known ${newest.digest}`} />
          </Card>
          <Table.ScrollContainer
            type="native"
            minWidth={0}
            mah="75dvh"
            tabIndex={0}
            role="region"
            aria-label={t('nav.deletions')}
          >
            <Table fz="sm" stickyHeader className="listing">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('accounts.time')}</Table.Th>
                  <Table.Th>{t('search.set')}</Table.Th>
                  <Table.Th>{t('deletions.cause')}</Table.Th>
                  <Table.Th>{t('faceSets.faces')}</Table.Th>
                  <Table.Th>{t('deletions.digest')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {records.map((record) => (
                  <Table.Tr key={record.id}>
                    <Table.Td className="numeric">{record.deleted_at.replace('T', ' ').replace('Z', '')}</Table.Td>
                    <Table.Td>{record.face_set_name}</Table.Td>
                    <Table.Td>
                      <Badge variant="light" tt="none">
                        {t(`deletions.causes.${record.rule}`, { defaultValue: record.rule })}
                      </Badge>
                    </Table.Td>
                    <Table.Td>
                      <details>
                        <summary>{t('add.faces', { count: record.faces })}</summary>
                        <Code style={{ overflowWrap: 'anywhere' }}>{record.face_ids.join(' ')}</Code>
                      </details>
                    </Table.Td>
                    <Table.Td>
                      <Code title={record.digest}>{record.digest.slice(0, 12)}</Code>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
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

/** Save all records as lines of JSON, newest first. */
async function saveAll(project_id: string): Promise<void> {
  const lines: string[] = [];
  for (let before: number | undefined; ; ) {
    const { deletions } = await pageOf(project_id, before, MAX_PAGE);
    lines.push(...deletions.map((record) => `${JSON.stringify(record)}\n`));
    before = deletions.at(-1)?.id;
    if (deletions.length < MAX_PAGE) break;
  }
  download('deletions.jsonl', lines.join(''), 'application/jsonl');
}
