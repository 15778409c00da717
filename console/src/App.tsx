import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router';
import { queries } from './queries';
import { Broken } from './shell/Broken';
import { Shell } from './shell/Shell';
import { Unknown } from './shell/Unknown';
import {
  Account,
  Accounts,
  Check,
  Compare,
  Deletions,
  Detect,
  FaceSetPage,
  FaceSets,
  Live,
  Liveness,
  Overview,
  People,
  Search,
} from './shell/views';
import { theme, variables } from './theme';

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <Unknown />,
      children: [
        {
          errorElement: <Broken />,
          children: [
            { path: '/', element: <Overview /> },
            { path: '/face-sets', element: <FaceSets /> },
            { path: '/face-sets/:name', element: <FaceSetPage /> },
            { path: '/people', element: <People /> },
            { path: '/live', element: <Live /> },
            { path: '/search', element: <Search /> },
            { path: '/detect', element: <Detect /> },
            { path: '/compare', element: <Compare /> },
            { path: '/liveness', element: <Liveness /> },
            { path: '/check', element: <Check /> },
            { path: '/deletions', element: <Deletions /> },
            { path: '/account', element: <Account /> },
            { path: '/accounts', element: <Navigate to="/accounts/users" replace /> },
            { path: '/accounts/:tab', element: <Accounts /> },
            { path: '*', element: <Unknown /> },
          ],
        },
      ],
    },
  ],
  { basename: '/console' },
);

export function App({ nonce }: { nonce: string }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
