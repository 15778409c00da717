import { Alert, AppShell, Box, Burger, Group, NavLink, Select, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconActivityHeartbeat,
  IconAddressBook,
  IconBoxMultiple,
  IconFaceId,
  IconFileShredder,
  IconLayoutDashboard,
  IconListCheck,
  IconScale,
  IconUserCircle,
  IconUserSearch,
  IconUsers,
  IconVideo,
  IconWifiOff,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, NavLink as RouterLink, useLocation } from 'react-router';
import { useAway } from '../api/reachability';
import { Renew } from '../session/Renew';
import { SignIn } from '../session/SignIn';
import { hasRole, listProjects, switchProject, useSession } from '../session/store';
import { clearCaches } from './caches';
import { Preferences } from './Preferences';
import { Updated } from './Updated';
import { loadAll } from './views';
import { Waiting } from './Waiting';

const VIEWS = [
  { path: '/', name: 'overview', icon: IconLayoutDashboard },
  { path: '/face-sets', name: 'faceSets', icon: IconBoxMultiple },
  { path: '/people', name: 'people', icon: IconAddressBook },
  { path: '/live', name: 'live', icon: IconVideo },
  { path: '/search', name: 'search', icon: IconUserSearch },
  { path: '/detect', name: 'detect', icon: IconFaceId },
  { path: '/compare', name: 'compare', icon: IconScale },
  { path: '/liveness', name: 'liveness', icon: IconActivityHeartbeat },
  { path: '/check', name: 'check', icon: IconListCheck },
  { path: '/deletions', name: 'deletions', icon: IconFileShredder },
  { path: '/accounts', name: 'accounts', icon: IconUsers, role: 'admin' },
  { path: '/account', name: 'account', icon: IconUserCircle },
] as const;

/** Delay before the other views are loaded, so that the first one is complete. */
const LOAD_ALL_AFTER_MS = 3000;

/** Frame of every view; shows the sign-in page without a session. */
export function Shell() {
  const session = useSession();
  useEffect(() => {
    if (session.state === 'out') clearCaches();
  }, [session.state]);
  if (session.state === 'starting') return <Waiting />;
  return session.state === 'out' ? <SignIn /> : <Frame />;
}

function Frame() {
  const { t } = useTranslation();
  const session = useSession();
  const away = useAway();
  const location = useLocation();
  const [opened, menu] = useDisclosure();
  const main = useRef<HTMLElement>(null);
  const view =
    VIEWS.findLast(
      ({ path }) => location.pathname === path || location.pathname.startsWith(`${path === '/' ? '' : path}/`),
    ) ?? VIEWS[0];

  useEffect(() => {
    document.title = `${t(`nav.${view.name}`)} · OpenFRS`;
  }, [t, view]);
  useEffect(() => {
    const timer = setTimeout(() => void loadAll().catch(() => undefined), LOAD_ALL_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus moves when the path changes
  useEffect(() => {
    menu.close();
    main.current?.focus({ preventScroll: true });
  }, [location.pathname]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip" href="#main">
        {t('shell.skip')}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={t('shell.menu')} />
            <img src={`${import.meta.env.BASE_URL}favicon.svg`} width={28} height={28} alt="" />
            <Text fw={700} visibleFrom="xs">
              OpenFRS
            </Text>
            <ProjectChoice />
          </Group>
          <Preferences />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('shell.views')}>
        {VIEWS.filter((each) => !('role' in each) || hasRole(session.role, each.role)).map((each) => (
          <NavLink
            key={each.path}
            component={RouterLink}
            to={each.path}
            label={t(`nav.${each.name}`)}
            leftSection={<each.icon size={18} aria-hidden />}
            active={each === view}
            aria-current={each === view ? 'page' : undefined}
            onClick={menu.close}
          />
        ))}
        <Box mt="auto" p="xs">
          <Text size="xs" c="dimmed">
            {session.domain.name} / {session.user.name}
          </Text>
          <Text size="xs" c="dimmed">
            {t(`roles.${session.role}`)}
          </Text>
        </Box>
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1}>
        {away && (
          <Alert icon={<IconWifiOff aria-hidden />} color="orange" mb="md" role="status">
            {t('errors.away')}
          </Alert>
        )}
        <Updated />
        <Suspense key={view.path} fallback={<Waiting />}>
          <Outlet key={session.project.id} />
        </Suspense>
      </AppShell.Main>
      <Renew />
    </AppShell>
  );
}

function ProjectChoice() {
  const { t } = useTranslation();
  const session = useSession();
  const projects = useQuery({ queryKey: ['projects', session.user.id], queryFn: () => listProjects() });
  return (
    <Select
      aria-label={t('session.project')}
      size="xs"
      w={150}
      allowDeselect={false}
      value={session.project.id}
      data={(projects.data ?? [session.project]).map((project) => ({ value: project.id, label: project.name }))}
      onChange={async (id) => {
        if (!id || id === session.project.id) return;
        await switchProject(id);
        clearCaches();
      }}
    />
  );
}
