import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';

export type Change =
  | { action: 'merge'; people: string[]; into: string }
  | { action: 'rename'; external_image_id: string; new_external_image_id: string }
  | { action: 'split'; external_image_id: string; face_ids: string[]; new_external_image_id: string }
  | { action: 'distinct'; people: string[] };

/** A page of the people of a face set whose id contains a text. */
export function usePeople(face_set_name: string, query: string, offset: number, limit: number) {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['people', project_id, face_set_name, query, offset, limit],
    enabled: !!face_set_name,
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/people', {
          params: { path: { project_id, face_set_name }, query: { query, offset, limit } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** The faces of a person. */
export function usePersonFaces(face_set_name: string, person: string) {
  const project_id = useProjectId();
  const filter = `external_image_id:"${person}"`;
  return useQuery({
    queryKey: ['faces', project_id, face_set_name, 'person', person],
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/faces', {
          params: { path: { project_id, face_set_name }, query: { filter, limit: 100 } },
        }),
      ),
  });
}

/** Change people: merge, rename or split them, or record that two are different. */
export function useChange(face_set_name: string, onSuccess: (change: Change) => void) {
  const project_id = useProjectId();
  const queries = useQueryClient();
  const params = { path: { project_id, face_set_name } };
  return useMutation({
    mutationFn: async ({ action, ...body }: Change): Promise<void> => {
      if (action === 'merge')
        await api.POST('/x/v1/{project_id}/face-sets/{face_set_name}/people/merge', { params, body: body as never });
      else if (action === 'rename')
        await api.POST('/x/v1/{project_id}/face-sets/{face_set_name}/people/rename', { params, body: body as never });
      else if (action === 'split')
        await api.POST('/x/v1/{project_id}/face-sets/{face_set_name}/people/split', { params, body: body as never });
      else
        await api.POST('/x/v1/{project_id}/face-sets/{face_set_name}/people/distinct', { params, body: body as never });
    },
    onSuccess: async (_, change) => {
      onSuccess(change);
      await queries.invalidateQueries({ queryKey: ['people'] });
      await queries.invalidateQueries({ queryKey: ['faces'] });
    },
  });
}
