import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from './Problem';

interface Props {
  title: string;
  warning: string;
  /** The word to type. */
  word: string;
  action: string;
  error?: unknown;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  /** Progress of an action that closing the dialog stops. */
  children?: ReactNode;
}

/** Require a typed word before an irreversible action. */
export function ConfirmByTyping({ title, warning, word, action, error, busy, onConfirm, onClose, children }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === word) onConfirm();
        }}
      >
        <Stack>
          <Text size="sm">{warning}</Text>
          <TextInput
            data-autofocus
            label={t('common.typeToConfirm', { word })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
          {children}
          <Problem error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t(busy && children ? 'common.stop' : 'common.cancel')}
            </Button>
            <Button type="submit" color="red" disabled={typed !== word} loading={busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
