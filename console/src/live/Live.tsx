import { Button, Card, SegmentedControl, Select, SimpleGrid, Stack, Title } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFaceSets, useModels } from '../api/useApi';
import { RECOMMENDED_THRESHOLD } from '../search/rates';
import { Threshold } from '../search/Threshold';
import { Empty } from '../shell/Empty';
import { Problem } from '../shell/Problem';
import { useAddress } from '../shell/useAddress';
import { LiveCamera } from './Camera';
import { People } from './People';

const SOURCES = ['camera', 'photo'] as const;

/** Identify the people in front of the camera, or everyone in a photo. */
export default function Live() {
  const { t } = useTranslation();
  const [address, change] = useAddress({ set: '', source: 'camera' });
  const sets = useFaceSets();
  const models = useModels();
  const [threshold, setThreshold] = useState(RECOMMENDED_THRESHOLD);
  const [frame, setFrame] = useState<Blob>();
  const [photo, setPhoto] = useState<Blob>();
  const set = sets.data?.find((each) => each.face_set_name === address.set) ?? sets.data?.[0];
  const source = address.source === 'photo' ? 'photo' : 'camera';
  return (
    <Stack>
      <Title order={1}>{t('nav.live')}</Title>
      <Problem error={sets.error} retry={sets.refetch} />
      {sets.data?.length === 0 && <Empty>{t('faceSets.none')}</Empty>}
      {set && (
        <>
          <SegmentedControl
            aria-label={t('live.source')}
            data={SOURCES.map((value) => ({ value, label: t(`live.sources.${value}`) }))}
            value={source}
            onChange={(value) => change({ source: value })}
            w="max-content"
          />
          {source === 'photo' && <People set={set} threshold={threshold} image={photo} onImage={setPhoto} />}
          {source === 'camera' && !frame && (
            <LiveCamera set={set.face_set_name} threshold={threshold} onFreeze={setFrame} />
          )}
          {source === 'camera' && frame && (
            <>
              <Button
                w="max-content"
                variant="default"
                leftSection={<IconPlayerPlay size={16} aria-hidden />}
                onClick={() => setFrame(undefined)}
              >
                {t('live.resume')}
              </Button>
              <People set={set} threshold={threshold} image={frame} onImage={setFrame} />
            </>
          )}
          <Card withBorder>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Select
                label={t('search.set')}
                data={(sets.data ?? []).map((each) => each.face_set_name)}
                allowDeselect={false}
                value={set.face_set_name}
                onChange={(name) => change({ set: name ?? '' })}
              />
              <Threshold
                value={threshold}
                points={models.data?.calibration.operating_points ?? []}
                set={set.face_set_name}
                onChange={setThreshold}
              />
            </SimpleGrid>
          </Card>
        </>
      )}
    </Stack>
  );
}
