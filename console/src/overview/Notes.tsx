import { Button, Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Waiting } from '../shell/Waiting';

/** Notes of this release, which come with the console: nothing is fetched from another host. */
export function Notes() {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const notes = useQuery({
    queryKey: ['notes'],
    enabled: opened,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await import('../../../CHANGELOG.md?raw')).default,
  });
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpened(true)}>
        {t('overview.notes')}
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        size="xl"
        title={t('overview.notes')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {notes.data ? <div className="notes">{notes.data}</div> : <Waiting />}
      </Modal>
    </>
  );
}
