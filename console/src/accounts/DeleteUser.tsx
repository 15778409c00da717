import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import type { User } from '../api/types';
import { useProjectId } from '../api/useApi';
import { ConfirmByTyping } from '../shell/ConfirmByTyping';

/** Confirm and delete a user. */
export function DeleteUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () =>
      api.DELETE('/x/v1/accounts/{project_id}/users/{user_id}', {
        params: { path: { project_id, user_id: user.id } },
      }),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return (
    <ConfirmByTyping
      title={t('accounts.deleteUser')}
      warning={t('accounts.deleteUserWarning')}
      word={user.name}
      action={t('accounts.deleteUser')}
      error={deleting.error}
      busy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    />
  );
}
