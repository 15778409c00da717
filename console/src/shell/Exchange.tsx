import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useProjectId } from '../api/useApi';

/** A request of a view and its response, as far as it is known. */
export interface Request {
  /** Path below the project, such as `/v2/{project_id}/face-detect`. */
  path: string;
  fields: Record<string, unknown>;
  response?: unknown;
}

/** A value as JSON; files are described by type and size. */
export function jsonOf(value: unknown): string {
  const plain = (_: string, each: unknown) =>
    each instanceof Blob ? `${each.type || 'file'}, ${each.size} bytes` : each;
  return JSON.stringify(value, plain, 2);
}

/** Requests of a view and their responses, to read and copy. */
export function Exchange({ requests }: { requests: Request[] }) {
  const { t } = useTranslation();
  const project = useProjectId();
  return (
    <Stack>
      {requests.map(({ path, fields, response }) => (
        <div key={path} data-testid="exchange">
          <Json
            title={t('exchange.request')}
            text={`POST ${path.replace('{project_id}', project)}\n${jsonOf(fields)}`}
          />
          <Json title={t('exchange.response')} text={response === undefined ? '…' : jsonOf(response)} />
        </div>
      ))}
    </Stack>
  );
}

function Json({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <>
      <Group justify="space-between">
        <Text fw={500} size="sm">
          {title}
        </Text>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button
              size="compact-xs"
              variant="default"
              onClick={copy}
              aria-label={t('common.copyNamed', { name: title })}
            >
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
      <pre
        className="json"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        {text}
      </pre>
    </>
  );
}
