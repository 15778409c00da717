import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../shell/Problem';
import { useChange } from './usePeople';

interface Props {
  set: string;
  people: string[];
  onClose: (merged: boolean) => void;
}

/** Merge people into one of them. */
export function MergePeople({ set, people, onClose }: Props) {
  const { t } = useTranslation();
  const [into, setInto] = useState(people[0] ?? '');
  const merging = useChange(set, () => onClose(true));
  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      title={t('people.merge')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          merging.mutate({ action: 'merge', people: people.filter((each) => each !== into), into });
        }}
      >
        <Stack>
          <Text size="sm">{t('people.mergeHint')}</Text>
          <Radio.Group label={t('people.mergeInto')} value={into} onChange={setInto}>
            <Stack gap="xs" mt="xs">
              {people.map((each) => (
                <Radio key={each} value={each} label={each} />
              ))}
            </Stack>
          </Radio.Group>
          <Problem error={merging.error} />
          <Group justify="flex-end">
            <Button variant="default" data-autofocus onClick={() => onClose(false)}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={merging.isPending}>
              {t('people.merge')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
