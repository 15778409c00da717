import { Button, Group } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { authorizedFetch } from '../api/client';
import { useProjectId } from '../api/useApi';
import { download } from '../shell/download';
import { Problem } from '../shell/Problem';
import type { AuditQuery } from './conditions';

type Format = 'csv' | 'jsonl';

const TYPES: Record<Format, string> = { csv: 'text/csv', jsonl: 'application/jsonl' };

/** Buttons that save all entries with the conditions. */
export function AuditExport({ query }: { query: AuditQuery }) {
  const { t } = useTranslation();
  const project = useProjectId();
  const saving = useMutation({
    mutationFn: async (format: Format) =>
      download(`audit.${format}`, await exported(project, query, format), TYPES[format]),
  });
  return (
    <>
      <Group gap="xs">
        {(['csv', 'jsonl'] as const).map((format) => (
          <Button
            key={format}
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            loading={saving.isPending && saving.variables === format}
            onClick={() => saving.mutate(format)}
          >
            {t('audit.export', { format: format.toUpperCase() })}
          </Button>
        ))}
      </Group>
      <Problem error={saving.error} />
    </>
  );
}

/** All pages of an export; the header of a CSV file is kept once. */
async function exported(project: string, query: AuditQuery, format: Format): Promise<string> {
  const parts: string[] = [];
  for (let before = ''; ; ) {
    const parameters = new URLSearchParams({ ...query, format, ...(before && { before }) });
    const url = `/x/v1/accounts/${project}/audit/export?${parameters}`;
    const response = await authorizedFetch(new Request(`${window.location.origin}${url}`));
    const text = await response.text();
    parts.push(format === 'csv' && parts.length ? text.slice(text.indexOf('\n') + 1) : text);
    before = response.headers.get('X-Audit-Before') ?? '';
    if (!before) return parts.join('');
  }
}
