import { Button, Card, CopyButton, Group, Tabs, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FoundFace } from '../api/types';
import { Exchange } from '../shell/Exchange';
import { curl, type SearchQuery, sdk } from './snippets';

interface Props {
  query: SearchQuery;
  image?: Blob;
  /** Faces that the last search found. */
  faces?: FoundFace[];
}

/** Code samples for the same search, to copy, and its request and response. */
export function Snippets({ query, image, faces }: Props) {
  const { t } = useTranslation();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('search.snippets')}
      </Title>
      <Tabs defaultValue="curl">
        <Tabs.List>
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="sdk">Python SDK</Tabs.Tab>
          <Tabs.Tab value="json">JSON</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="curl">
          <Snippet text={curl(query)} />
        </Tabs.Panel>
        <Tabs.Panel value="sdk">
          <Snippet text={sdk(query)} />
        </Tabs.Panel>
        <Tabs.Panel value="json" pt="sm">
          <Exchange
            requests={[
              {
                path: `/v2/{project_id}/face-sets/${query.set}/search`,
                fields: {
                  ...(query.faceId ? { face_id: query.faceId } : { image_file: image }),
                  top_n: query.topN,
                  threshold: query.threshold,
                  filter: query.filter || undefined,
                  return_fields: query.returnFields,
                },
                response: faces && { faces },
              },
            ]}
          />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function Snippet({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <pre style={{ overflowX: 'auto' }} tabIndex={0}>
        {text}
      </pre>
      <Group>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
    </>
  );
}
