import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useSession } from '../session/store';
import { api, data } from './client';

/** Id of the current project. */
export function useProjectId() {
  return useSession().project.id;
}

/** Face sets of the project. */
export function useFaceSets(refetchInterval?: number) {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['face-sets', project_id],
    queryFn: () => data(api.GET('/v2/{project_id}/face-sets', { params: { path: { project_id } } })),
    select: (response) => response.face_sets_info,
    refetchInterval,
  });
}

/** Risk of searches in a face set at a threshold. */
export function useRisk(face_set_name: string, threshold: number) {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['risk', project_id, face_set_name, threshold],
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/risk', {
          params: { path: { project_id, face_set_name }, query: { threshold } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** Models of the service, with the calibration of the embedder. */
export function useModels() {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['models', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/models', { params: { path: { project_id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Version and state of the service. */
export function useStatus(refetchInterval: number) {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['status', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/status', { params: { path: { project_id } } })),
    refetchInterval,
  });
}
