import { ActionIcon, Group, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconLanguage, IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, LANGUAGES, type Language } from '../i18n';
import { signOut, useSession } from '../session/store';

/** Colour scheme, language and sign-out. */
export function Preferences() {
  const { t } = useTranslation();
  const session = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  return (
    <Group gap="xs" wrap="nowrap">
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t(scheme === 'dark' ? 'shell.light' : 'shell.dark')}
        onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
      >
        {scheme === 'dark' ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
      </ActionIcon>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label={t('shell.language')}>
            <IconLanguage size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(LANGUAGES).map(([language, name]) => (
            <Menu.Item key={language} lang={language} onClick={() => chooseLanguage(language as Language)}>
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {session.state !== 'out' && (
        <ActionIcon variant="default" size="lg" aria-label={t('session.signOut')} onClick={signOut}>
          <IconLogout size={18} aria-hidden />
        </ActionIcon>
      )}
    </Group>
  );
}
