import {
  ActionIcon,
  Button,
  Card,
  Checkbox,
  Code,
  Group,
  Pagination,
  Select,
  Skeleton,
  Stack,
  Table,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconPencil, IconSearch, IconTrash } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import { type Face, type FaceSet, fieldTypes } from '../api/types';
import { useProjectId } from '../api/useApi';
import { FilterBuilder } from '../filters/FilterBuilder';
import { textOfPacked } from '../filters/filter';
import { hasRole, useSession } from '../session/store';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { DeleteFaces, type Deletion } from './DeleteFaces';
import { EditFace } from './EditFace';
import { Thumbnail } from './Thumbnail';

export { Thumbnail };

const SIZES = ['10', '25', '100', '500'];

interface Order {
  sort?: string;
  order: 'asc' | 'desc';
}

/** Table of faces, filtered, sorted and paged by the service. */
export function FaceTable({ set }: { set: FaceSet }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const canWrite = hasRole(useSession().role, 'operator');
  const types = fieldTypes(set);
  const [state, change] = useAddress({ filter: '', sort: '', order: 'asc', page: '1', size: '25' });
  const applyFilter = useDebouncedCallback((packedFilter: string) => change({ filter: packedFilter, page: '1' }), 300);
  const filter = textOfPacked(state.filter, types);
  const order: Order = { sort: state.sort || undefined, order: state.order === 'desc' ? 'desc' : 'asc' };
  const page = Math.max(1, Number.parseInt(state.page, 10) || 1);
  const size = SIZES.includes(state.size) ? Number(state.size) : 25;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [editing, setEditing] = useState<Face>();
  const [deleting, setDeleting] = useState<Deletion>();
  const query = { ...order, filter: filter || undefined, offset: (page - 1) * size, limit: size };
  const faces = useQuery({
    queryKey: ['faces', project_id, set.face_set_name, query],
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/faces', {
          params: { path: { project_id, face_set_name: set.face_set_name }, query },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const rows = faces.data?.faces ?? [];
  const total = faces.data?.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / size));
  const sortBy = (sort?: string) => {
    const descending = order.sort === sort && order.order === 'asc';
    change({ sort: sort ?? '', order: descending ? 'desc' : 'asc', page: '1' });
  };
  const choose = (ids: string[], checked: boolean) => {
    const next = new Set(chosen);
    for (const id of ids) checked ? next.add(id) : next.delete(id);
    setChosen(next);
  };
  useEffect(() => {
    if (faces.data && page > pages) change({ page: String(pages) }); // the last page has been deleted
  }, [faces.data, page, pages, change]);

  return (
    <Card withBorder>
      <Stack>
        <FilterBuilder types={types} initial={state.filter} onChange={applyFilter} />
        <Group justify="space-between">
          <Text size="sm" role="status" className="numeric">
            {t('faces.total', { count: total, total: total.toLocaleString() })}
          </Text>
          {canWrite && (
            <Group gap="xs">
              {chosen.size > 0 && (
                <Button size="xs" color="red" variant="light" onClick={() => setDeleting({ faceIds: [...chosen] })}>
                  {t('faces.deleteChosen', { count: chosen.size })}
                </Button>
              )}
              {filter && total > 0 && (
                <Button size="xs" color="red" variant="light" onClick={() => setDeleting({ filter, count: total })}>
                  {t('faces.deleteFiltered', { count: total })}
                </Button>
              )}
            </Group>
          )}
        </Group>
        <Problem error={faces.error} retry={faces.refetch} />
        {faces.isPending && <Skeleton h={200} />}
        {faces.data && total === 0 && <Empty>{t(filter ? 'faces.noneMatch' : 'faces.none')}</Empty>}
        {rows.length > 0 && (
          <Table.ScrollContainer type="native" minWidth={0} mah="75dvh">
            <Table highlightOnHover stickyHeader className="listing">
              <Table.Thead>
                <Table.Tr>
                  {canWrite && (
                    <Table.Th w={40}>
                      <Checkbox
                        aria-label={t('faces.choosePage')}
                        checked={rows.every((face) => chosen.has(face.face_id))}
                        indeterminate={
                          rows.some((face) => chosen.has(face.face_id)) &&
                          !rows.every((face) => chosen.has(face.face_id))
                        }
                        onChange={(event) =>
                          choose(
                            rows.map((face) => face.face_id),
                            event.currentTarget.checked,
                          )
                        }
                      />
                    </Table.Th>
                  )}
                  <SortableHead name={t('faces.id')} active={!order.sort} order={order.order} onSort={() => sortBy()} />
                  <SortableHead
                    name="external_image_id"
                    active={order.sort === 'external_image_id'}
                    order={order.order}
                    onSort={() => sortBy('external_image_id')}
                  />
                  {Object.keys(types).map((field) => (
                    <SortableHead
                      key={field}
                      name={field}
                      active={order.sort === field}
                      order={order.order}
                      onSort={() => sortBy(field)}
                    />
                  ))}
                  <Table.Th visibleFrom="sm">{t('faces.box')}</Table.Th>
                  <Table.Th className="actions" aria-label={t('common.actions')} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((face) => (
                  <Table.Tr key={face.face_id}>
                    {canWrite && (
                      <Table.Td>
                        <Checkbox
                          aria-label={t('faces.choose', { id: face.face_id })}
                          checked={chosen.has(face.face_id)}
                          onChange={(event) => choose([face.face_id], event.currentTarget.checked)}
                        />
                      </Table.Td>
                    )}
                    <Table.Td>
                      <Group gap="xs" wrap="nowrap">
                        <Thumbnail set={set.face_set_name} faceId={face.face_id} />
                        <Code>{face.face_id}</Code>
                      </Group>
                    </Table.Td>
                    <Table.Td>{face.external_image_id}</Table.Td>
                    {Object.keys(types).map((field) => (
                      <Table.Td key={field} className="numeric">
                        {face.external_fields[field] === undefined ? '' : String(face.external_fields[field])}
                      </Table.Td>
                    ))}
                    <Table.Td className="numeric" visibleFrom="sm">
                      {face.bounding_box.width}×{face.bounding_box.height} @ {face.bounding_box.top_left_x},
                      {face.bounding_box.top_left_y}
                    </Table.Td>
                    <Table.Td className="actions">
                      <Group gap={4} wrap="nowrap" justify="flex-end">
                        <ActionIcon
                          variant="subtle"
                          component={Link}
                          to={`/search?set=${encodeURIComponent(set.face_set_name)}&face=${face.face_id}`}
                          aria-label={t('faces.searchLike', { id: face.face_id })}
                        >
                          <IconSearch size={16} aria-hidden />
                        </ActionIcon>
                        {canWrite && (
                          <>
                            <ActionIcon
                              variant="subtle"
                              aria-label={t('faces.edit', { id: face.face_id })}
                              onClick={() => setEditing(face)}
                            >
                              <IconPencil size={16} aria-hidden />
                            </ActionIcon>
                            <ActionIcon
                              variant="subtle"
                              color="red"
                              aria-label={t('faces.delete', { id: face.face_id })}
                              onClick={() => setDeleting({ faceIds: [face.face_id] })}
                            >
                              <IconTrash size={16} aria-hidden />
                            </ActionIcon>
                          </>
                        )}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        {total > 0 && (
          <Group justify="space-between">
            <Pagination
              size="sm"
              total={pages}
              value={page}
              onChange={(value) => change({ page: String(value) })}
              getControlProps={(control) => ({ 'aria-label': t(`faces.${control}`) })}
            />
            <Select
              size="xs"
              w={110}
              aria-label={t('faces.pageSize')}
              data={SIZES}
              allowDeselect={false}
              value={String(size)}
              onChange={(value) => change({ size: value ?? '', page: '1' })}
            />
          </Group>
        )}
      </Stack>
      {editing && <EditFace set={set} face={editing} onClose={() => setEditing(undefined)} />}
      {deleting && (
        <DeleteFaces
          set={set}
          deletion={deleting}
          onClose={(absent) => {
            setDeleting(undefined);
            choose(absent, false);
          }}
        />
      )}
    </Card>
  );
}

function SortableHead(props: { name: string; active: boolean; order: 'asc' | 'desc'; onSort: () => void }) {
  const Arrow = props.order === 'asc' ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th aria-sort={!props.active ? 'none' : props.order === 'asc' ? 'ascending' : 'descending'}>
      <UnstyledButton onClick={props.onSort} fw={700} fz="sm">
        {props.name} {props.active && <Arrow size={14} aria-hidden />}
      </UnstyledButton>
    </Table.Th>
  );
}
