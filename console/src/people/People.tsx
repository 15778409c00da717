import {
  Button,
  Card,
  Checkbox,
  Group,
  Pagination,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Tabs,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFaceSets } from '../api/useApi';
import { KeepCrops } from '../crops/KeepCrops';
import { Thumbnail } from '../faces/Thumbnail';
import { hasRole, useSession } from '../session/store';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { Duplicates } from './Duplicates';
import { MergePeople } from './MergePeople';
import { PersonDialog } from './PersonDialog';
import { usePeople } from './usePeople';

const PAGE = 24;
const DEFAULTS = { set: '', query: '', page: '1', person: '', tab: 'people' };

/** People of a face set: find, merge, rename and split them, and decide on duplicates. */
export default function People() {
  const { t } = useTranslation();
  const sets = useFaceSets();
  const [state, change] = useAddress(DEFAULTS);
  const set = sets.data?.find((each) => each.face_set_name === state.set) ?? sets.data?.[0];
  const canWrite = hasRole(useSession().role, 'operator');
  return (
    <Stack>
      <Title order={1}>{t('nav.people')}</Title>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.isPending && <Skeleton h={200} />}
      {sets.data?.length === 0 && <Empty>{t('faceSets.none')}</Empty>}
      {set && (
        <>
          <Group align="end" justify="space-between">
            <Select
              label={t('search.set')}
              data={(sets.data ?? []).map((each) => each.face_set_name)}
              allowDeselect={false}
              value={set.face_set_name}
              onChange={(name) => change({ ...DEFAULTS, set: name ?? '', tab: state.tab })}
            />
            <KeepCrops key={set.face_set_id} set={set.face_set_name} />
          </Group>
          <Tabs value={state.tab} onChange={(tab) => change({ tab: tab ?? 'people' })} keepMounted={false}>
            <Tabs.List mb="sm">
              <Tabs.Tab value="people">{t('nav.people')}</Tabs.Tab>
              <Tabs.Tab value="duplicates">{t('people.duplicates')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="people">
              <Cards key={set.face_set_id} set={set.face_set_name} canWrite={canWrite} />
            </Tabs.Panel>
            <Tabs.Panel value="duplicates">
              <Duplicates key={set.face_set_id} set={set.face_set_name} faces={set.face_number} canWrite={canWrite} />
            </Tabs.Panel>
          </Tabs>
        </>
      )}
    </Stack>
  );
}

function Cards({ set, canWrite }: { set: string; canWrite: boolean }) {
  const { t } = useTranslation();
  const [state, change] = useAddress(DEFAULTS);
  const [text, setText] = useState(state.query);
  const [chosen, setChosen] = useState<string[]>([]);
  const [merging, setMerging] = useState(false);
  const find = useDebouncedCallback((query: string) => change({ query, page: '1' }), 200);
  const page = Math.max(1, Number.parseInt(state.page, 10) || 1);
  const people = usePeople(set, state.query, (page - 1) * PAGE, PAGE);
  const total = people.data?.total ?? 0;
  const choose = (id: string, checked: boolean) =>
    setChosen(checked ? [...chosen, id] : chosen.filter((each) => each !== id));
  return (
    <Stack>
      <Group justify="space-between">
        <TextInput
          aria-label={t('people.find')}
          placeholder={t('people.find')}
          leftSection={<IconSearch size={16} aria-hidden />}
          w={{ base: '100%', xs: 280 }}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            find(event.currentTarget.value);
          }}
        />
        {chosen.length > 1 && (
          <Button size="xs" onClick={() => setMerging(true)}>
            {t('people.mergeChosen', { count: chosen.length })}
          </Button>
        )}
      </Group>
      <Text size="sm" role="status" className="numeric">
        {t('people.total', { count: total, total: total.toLocaleString() })}
      </Text>
      <Problem error={people.error} retry={people.refetch} />
      {people.isPending && <Skeleton h={200} />}
      {people.data && total === 0 && <Empty>{t(state.query ? 'people.noneFound' : 'faces.none')}</Empty>}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3, xl: 4 }}>
        {(people.data?.people ?? []).map((person) => (
          <Card key={person.external_image_id} withBorder padding="sm" data-testid="person">
            <Group wrap="nowrap" align="start">
              <Thumbnail set={set} faceId={person.crop_face_id ?? person.face.face_id} size={72} />
              <Stack gap={4} style={{ minWidth: 0, flex: 1 }}>
                <Text fw={600} truncate title={person.external_image_id}>
                  {person.external_image_id}
                </Text>
                <Text size="sm" className="numeric">
                  {t('faces.total', { count: person.face_number, total: person.face_number.toLocaleString() })}
                </Text>
                {Object.entries(person.face.external_fields).map(([name, value]) => (
                  <Text key={name} size="sm" c="dimmed" truncate>
                    {name}: {String(value)}
                  </Text>
                ))}
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={t('people.open', { id: person.external_image_id })}
                  onClick={() => change({ person: person.external_image_id })}
                  style={{ alignSelf: 'start' }}
                >
                  {t('people.details')}
                </Button>
              </Stack>
              {canWrite && (
                <Checkbox
                  aria-label={t('faces.choose', { id: person.external_image_id })}
                  checked={chosen.includes(person.external_image_id)}
                  onChange={(event) => choose(person.external_image_id, event.currentTarget.checked)}
                />
              )}
            </Group>
          </Card>
        ))}
      </SimpleGrid>
      {total > PAGE && (
        <Pagination
          size="sm"
          total={Math.ceil(total / PAGE)}
          value={page}
          onChange={(value) => change({ page: String(value) })}
          getControlProps={(control) => ({ 'aria-label': t(`faces.${control}`) })}
        />
      )}
      {state.person && (
        <PersonDialog
          key={state.person}
          set={set}
          person={state.person}
          canWrite={canWrite}
          onClose={(renamed) => change({ person: renamed ?? '' })}
        />
      )}
      {merging && (
        <MergePeople
          set={set}
          people={chosen}
          onClose={(merged) => {
            setMerging(false);
            if (merged) setChosen([]);
          }}
        />
      )}
    </Stack>
  );
}
