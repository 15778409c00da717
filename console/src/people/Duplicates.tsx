import { Button, Card, Group, NumberInput, Progress, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { retryDelay, wait } from '../api/errors';
import type { components } from '../api/schema';
import { useProjectId } from '../api/useApi';
import { Thumbnail } from '../faces/Thumbnail';
import { RECOMMENDED_THRESHOLD } from '../search/rates';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { combined, decided } from './pairs';
import { type Change, useChange } from './usePeople';

export type Pair = components['schemas']['DuplicateBody'];

interface Props {
  set: string;
  faces: number;
  canWrite: boolean;
}

/** Find people who are probably one, and decide on each pair. */
export function Duplicates({ set, faces, canWrite }: Props) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const [threshold, setThreshold] = useState<string | number>(RECOMMENDED_THRESHOLD);
  const [pairs, setPairs] = useState<Pair[]>([]);
  const [searched, setSearched] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const finding = useMutation({
    mutationFn: async () => {
      const stopping = new AbortController();
      stop.current = stopping;
      setPairs([]);
      setSearched(0);
      let after: number | undefined = 0;
      while (after !== undefined && !stopping.signal.aborted) {
        const query = { threshold: Number(threshold), after, limit: 50 };
        const params = { path: { project_id, face_set_name: set }, query };
        try {
          const page: components['schemas']['DuplicatesResponse'] = await data(
            api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/people/duplicates', { params }),
          );
          setPairs((before) => combined(before, page.duplicates));
          setSearched((before) => before + page.searched);
          after = page.after ?? undefined;
        } catch (error) {
          const seconds = retryDelay(error);
          if (seconds === undefined) throw error;
          await wait(seconds);
        }
      }
    },
  });
  const changing = useChange(set, (change: Change) => setPairs((before) => decided(before, change)));
  return (
    <Stack>
      <Group align="end">
        <NumberInput
          label={t('search.threshold')}
          w={110}
          min={0}
          max={1}
          step={0.01}
          decimalScale={2}
          value={threshold}
          onChange={setThreshold}
        />
        {finding.isPending ? (
          <Button variant="default" onClick={() => stop.current?.abort()}>
            {t('common.stop')}
          </Button>
        ) : (
          <Button onClick={() => finding.mutate()}>{t('people.findDuplicates')}</Button>
        )}
      </Group>
      {(finding.isPending || finding.isSuccess) && (
        <>
          <Progress value={faces ? (100 * searched) / faces : 100} aria-label={t('people.findDuplicates')} />
          <Text size="sm" role="status" className="numeric">
            {t('people.searched', { searched: searched.toLocaleString(), faces: faces.toLocaleString() })}{' '}
            {t('people.pairs', { count: pairs.length })}
          </Text>
        </>
      )}
      <Problem error={finding.error ?? changing.error} />
      {finding.isSuccess && pairs.length === 0 && <Empty>{t('people.noDuplicates')}</Empty>}
      {pairs.map((pair) => {
        const [first, second] = pair.faces.map((face) => face.external_image_id) as [string, string];
        return (
          <Card key={`${first} ${second}`} withBorder data-testid="pair">
            <Group justify="space-between">
              <Group>
                {pair.faces.map((face) => (
                  <Group key={face.face_id} gap="xs">
                    <Thumbnail set={set} faceId={face.face_id} size={72} />
                    <Text fw={600}>{face.external_image_id}</Text>
                  </Group>
                ))}
                <Text className="numeric">{pair.similarity.toFixed(4)}</Text>
              </Group>
              {canWrite && (
                <Group gap="xs">
                  {[
                    [first, second],
                    [second, first],
                  ].map(([into = '', other = '']) => (
                    <Button
                      key={into}
                      size="xs"
                      variant="default"
                      disabled={changing.isPending}
                      onClick={() => changing.mutate({ action: 'merge', people: [other], into })}
                    >
                      {t('people.same', { id: into })}
                    </Button>
                  ))}
                  <Button
                    size="xs"
                    variant="default"
                    disabled={changing.isPending}
                    aria-label={t('people.differentNamed', { first, second })}
                    onClick={() => changing.mutate({ action: 'distinct', people: [first, second] })}
                  >
                    {t('people.different')}
                  </Button>
                </Group>
              )}
            </Group>
          </Card>
        );
      })}
    </Stack>
  );
}
