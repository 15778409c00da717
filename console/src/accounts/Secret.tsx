import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** A secret that the service returns only once. */
export interface ShownSecret {
  title: string;
  lines: { label: string; value: string }[];
}

/** Dialog that shows a secret once, with buttons to copy it. */
export function Secret({ secret, onClose }: { secret: ShownSecret; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={secret.title}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Alert color="orange" icon={<IconKey aria-hidden />}>
          {t('accounts.shownOnce')}
        </Alert>
        {secret.lines.map(({ label, value }) => (
          <div key={label}>
            <Text size="sm" fw={500}>
              {label}
            </Text>
            <Group wrap="nowrap">
              <Code data-testid={label} style={{ overflowWrap: 'anywhere' }}>
                {value}
              </Code>
              <CopyButton value={value}>
                {({ copied, copy }) => (
                  <Button size="compact-xs" variant="default" onClick={copy}>
                    {t(copied ? 'common.copied' : 'common.copy')}
                  </Button>
                )}
              </CopyButton>
            </Group>
          </div>
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('accounts.kept')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
