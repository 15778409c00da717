import { Anchor, Group, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { Problem } from '../shell/Problem';

/** The threshold of searches in a face set that give none, and buttons to set it to the one shown or to remove it. */
export function DefaultThreshold({ set, threshold }: { set: string; threshold: number }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const canWrite = hasRole(useSession().role, 'operator');
  const params = { path: { project_id, face_set_name: set } };
  const path = '/x/v1/{project_id}/face-sets/{face_set_name}/search-settings';
  const settings = useQuery({
    queryKey: ['search-settings', project_id, set],
    queryFn: () => data(api.GET(path, { params })),
  });
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['search-settings'] });
  const setting = useMutation({
    mutationFn: () => api.PUT(path, { params, body: { threshold } }),
    onSuccess,
  });
  const removing = useMutation({ mutationFn: () => api.DELETE(path, { params }), onSuccess });
  if (!settings.data) return null;
  const current = settings.data.threshold;
  return (
    <>
      <Group gap="md">
        <Text size="sm" data-testid="default-threshold">
          {current == null ? t('search.noDefault') : t('search.default', { threshold: current.toFixed(2) })}
        </Text>
        {canWrite && current !== threshold && (
          <Anchor component="button" type="button" size="sm" onClick={() => setting.mutate()}>
            {t('search.setDefault', { threshold: threshold.toFixed(2) })}
          </Anchor>
        )}
        {canWrite && current != null && (
          <Anchor component="button" type="button" size="sm" onClick={() => removing.mutate()}>
            {t('search.removeDefault')}
          </Anchor>
        )}
      </Group>
      <Problem error={setting.error ?? removing.error} />
    </>
  );
}
