import { useQuery } from '@tanstack/react-query';
import { useSession } from '../session/store';
import { api, data } from './client';

/** Path parameters of the current project. */
export function useProject() {
  return useSession().project.id;
}

export function useFaceSets(refetchInterval?: number) {
  const project_id = useProject();
  return useQuery({
    queryKey: ['face-sets', project_id],
    queryFn: () => data(api.GET('/v2/{project_id}/face-sets', { params: { path: { project_id } } })),
    select: (response) => response.face_sets_info,
    refetchInterval,
  });
}

export function useModels() {
  const project_id = useProject();
  return useQuery({
    queryKey: ['models', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/models', { params: { path: { project_id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
