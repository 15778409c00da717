import { Card, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FaceSet } from '../api/types';
import { CopyText } from '../shell/CopyText';
import { PolicyCard } from './PolicyCard';
import { RetentionCard } from './RetentionCard';

/** Rules of a face set: enrolment policy, retention and legal hold, and the commands that archive it. */
export default function Rules({ set }: { set: FaceSet }) {
  const { t } = useTranslation();
  const name = set.face_set_name;
  return (
    <Stack>
      <PolicyCard set={name} />
      <RetentionCard set={set} />
      <Card withBorder>
        <Title order={2} size="h4">
          {t('rules.archive')}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {t('rules.archiveHint')}
        </Text>
        <Stack gap="xs">
          {[`openfrs export ${name} ${name}.frs --encrypt`, `openfrs import --archive ${name}.frs`].map((command) => (
            <CopyText key={command} text={command} label={t('common.copyNamed', { name: command })} />
          ))}
        </Stack>
      </Card>
    </Stack>
  );
}
