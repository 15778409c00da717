import { Alert, Code, List, Text } from '@mantine/core';
import { IconHeartbeat, IconMask } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** Liveness verdict with its reasons, by warning code. */
export function Verdict(props: { alive: boolean; warnings: number[]; image?: string; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Alert
      role="status"
      data-testid="verdict"
      color={props.alive ? 'green' : 'red'}
      icon={props.alive ? <IconHeartbeat aria-hidden /> : <IconMask aria-hidden />}
      title={t(props.alive ? 'liveness.alive' : 'liveness.notAlive')}
    >
      {props.children}
      {props.warnings.length > 0 && (
        <List size="sm" aria-label={t('check.reasons')}>
          {props.warnings.map((code) => (
            <List.Item key={code}>
              {t(`liveness.warnings.${code}`, { defaultValue: t('liveness.warning') })} <Code>{code}</Code>
            </List.Item>
          ))}
        </List>
      )}
      {props.image && (
        <>
          <Text size="xs" mt="xs">
            {t('liveness.image')}
          </Text>
          <img src={`data:image/jpeg;base64,${props.image}`} alt={t('liveness.image')} height={96} />
        </>
      )}
    </Alert>
  );
}
