import { Anchor, Breadcrumbs, Button, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { useFaceSets } from '../api/useApi';
import { DeleteFaceSet } from '../face-sets/FaceSets';
import { hasRole, useSession } from '../session/store';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { Rules } from '../shell/views';
import { Waiting } from '../shell/Waiting';
import { AddFaces } from './AddFaces';
import { FaceTable } from './FaceTable';

export default function FaceSetPage() {
  const { t } = useTranslation();
  const { name = '' } = useParams();
  const navigate = useNavigate();
  const canWrite = hasRole(useSession().role, 'operator');
  const sets = useFaceSets();
  const set = sets.data?.find((each) => each.face_set_name === name);
  const [{ tab }, change] = useAddress({ tab: 'faces' });
  const [deleting, setDeleting] = useState(false);
  return (
    <Stack>
      <Breadcrumbs>
        <Anchor component={Link} to="/face-sets">
          {t('nav.faceSets')}
        </Anchor>
        <Text>{name}</Text>
      </Breadcrumbs>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.isPending && <Skeleton h={300} />}
      {sets.data && !set && <Empty>{t('faceSets.missing', { name })}</Empty>}
      {set && (
        <>
          <Group justify="space-between">
            <div>
              <Title order={1}>{set.face_set_name}</Title>
              <Text size="sm" c="dimmed" className="numeric">
                {t('faceSets.summary', {
                  id: set.face_set_id,
                  faces: set.face_number.toLocaleString(),
                  capacity: set.face_set_capacity.toLocaleString(),
                  created: set.create_date,
                })}
              </Text>
            </div>
            {canWrite && (
              <Button
                variant="light"
                color="red"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setDeleting(true)}
              >
                {t('faceSets.delete')}
              </Button>
            )}
          </Group>
          <Tabs value={tab} onChange={(value) => change({ tab: value ?? 'faces' })} keepMounted>
            <Tabs.List mb="sm">
              <Tabs.Tab value="faces">{t('faceSets.faces')}</Tabs.Tab>
              {canWrite && <Tabs.Tab value="add">{t('add.title')}</Tabs.Tab>}
              <Tabs.Tab value="rules">{t('faceSets.rules')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="faces">
              <FaceTable set={set} />
            </Tabs.Panel>
            {canWrite && (
              <Tabs.Panel value="add">
                <AddFaces set={set} />
              </Tabs.Panel>
            )}
            <Tabs.Panel value="rules" keepMounted={false}>
              <Suspense fallback={<Waiting />}>
                <Rules set={set} />
              </Suspense>
            </Tabs.Panel>
          </Tabs>
          {deleting && (
            <DeleteFaceSet
              name={set.face_set_name}
              onClose={(deleted) => {
                setDeleting(false);
                if (deleted) navigate('/face-sets');
              }}
            />
          )}
        </>
      )}
    </Stack>
  );
}
