import { Button, Card, Group, Text, Title } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { api, data, formOf, postForm } from '../api/client';
import { useProjectId } from '../api/useApi';
import { keepPhoto } from '../images/photos';
import { Problem } from '../shell/Problem';

const SET = 'try-it';
/** Sample photos to enrol, by external image id, and the one to search for. */
const ENROLLED = { obama: 'obama.jpg', biden: 'biden.jpg' };
const PROBE = 'obama2.jpg';

/** Offer a first face set with the sample photos, if they are installed, and a search in it. */
export function TryIt() {
  const { t } = useTranslation();
  const project_id = useProjectId();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const samples = useQuery({
    queryKey: ['samples', project_id],
    queryFn: () => data(api.GET('/x/v1/{project_id}/samples', { params: { path: { project_id } } })),
  });
  const photo = async (name: string) => {
    const params = { path: { project_id, name } };
    const { image_base64 } = await data(api.GET('/x/v1/{project_id}/samples/{name}', { params }));
    const bytes = Uint8Array.from(atob(image_base64), (character) => character.charCodeAt(0));
    return new Blob([bytes], { type: 'image/jpeg' });
  };
  const trying = useMutation({
    mutationFn: async () => {
      await api.POST('/v2/{project_id}/face-sets', {
        params: { path: { project_id } },
        body: { face_set_name: SET, face_set_capacity: 10_000 },
      });
      for (const [external_image_id, name] of Object.entries(ENROLLED))
        await postForm(
          `/v2/${project_id}/face-sets/${SET}/faces`,
          formOf({ external_image_id, single: true, image_file: await photo(name) }),
        );
      return photo(PROBE);
    },
    onSuccess: async (probe) => {
      await queries.invalidateQueries({ queryKey: ['face-sets'] });
      navigate(`/search?set=${SET}&photo=${keepPhoto(probe)}`);
    },
  });
  const names = samples.data?.photos ?? [];
  if (![...Object.values(ENROLLED), PROBE].every((name) => names.includes(name))) return null;
  return (
    <Card withBorder data-testid="try-it">
      <Group justify="space-between">
        <div>
          <Title order={2} size="h4">
            {t('overview.tryIt')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('overview.tryItHint', { set: SET })}
          </Text>
        </div>
        <Button
          leftSection={<IconSparkles size={16} aria-hidden />}
          loading={trying.isPending}
          onClick={() => trying.mutate()}
        >
          {t('overview.tryItNow')}
        </Button>
      </Group>
      <Problem error={trying.error} />
    </Card>
  );
}
