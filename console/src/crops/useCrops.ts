import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { useProjectId } from '../api/useApi';

/** Whether a face set keeps crops, and how many it has. */
export function useCrops(face_set_name: string) {
  const project_id = useProjectId();
  return useQuery({
    queryKey: ['crops', project_id, face_set_name],
    enabled: !!face_set_name,
    queryFn: () =>
      data(
        api.GET('/x/v1/{project_id}/face-sets/{face_set_name}/crops', {
          params: { path: { project_id, face_set_name } },
        }),
      ),
    select: (response) => response.crops,
    staleTime: 10_000,
  });
}
