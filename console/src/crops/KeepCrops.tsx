import { Switch } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { useProjectId } from '../api/useApi';
import { hasRole, useSession } from '../session/store';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';
import { Problem } from '../shell/Problem';
import { clearCrops } from './crops';
import { useCrops } from './useCrops';

/** Switch the crops of a face set on, or off, which destroys them. */
export function KeepCrops({ set }: { set: string }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const crops = useCrops(set);
  const isAdmin = hasRole(useSession().role, 'admin');
  const [destroying, setDestroying] = useState(false);
  const params = { path: { project_id, face_set_name: set } };
  const path = '/x/v1/{project_id}/face-sets/{face_set_name}/crops';
  const changing = useMutation({
    mutationFn: (enabled: boolean): Promise<unknown> =>
      enabled ? api.PUT(path, { params }) : api.DELETE(path, { params }),
    onSuccess: async () => {
      setDestroying(false);
      clearCrops();
      await queries.invalidateQueries({ queryKey: ['crops'] });
    },
  });
  if (!crops.data) return null;
  const { enabled, number } = crops.data;
  return (
    <>
      <Switch
        label={t('crops.keep')}
        description={t('crops.number', { count: number })}
        checked={enabled}
        disabled={!isAdmin || changing.isPending}
        onChange={(event) => (event.currentTarget.checked ? changing.mutate(true) : setDestroying(true))}
      />
      {!destroying && <Problem error={changing.error} />}
      {destroying && (
        <ConfirmByTyping
          title={t('crops.destroy')}
          warning={t('crops.destroyWarning', { count: number })}
          word={set}
          action={t('crops.destroy')}
          error={changing.error}
          busy={changing.isPending}
          onConfirm={() => changing.mutate(false)}
          onClose={() => setDestroying(false)}
        />
      )}
    </>
  );
}
