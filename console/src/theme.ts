import { type CSSVariablesResolver, createTheme, DEFAULT_THEME, darken } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
});

/** Text colours with a contrast of at least 4.5:1 on their backgrounds. */
export const variables: CSSVariablesResolver = () => {
  const onLight = Object.fromEntries(
    Object.entries(DEFAULT_THEME.colors).map(([name, shades]) => [
      `--mantine-color-${name}-light-color`,
      darken(shades[9], 0.3),
    ]),
  );
  const onDark = Object.fromEntries(
    Object.entries(DEFAULT_THEME.colors).map(([name, shades]) => [`--mantine-color-${name}-light-color`, shades[2]]),
  );
  return {
    variables: {},
    light: {
      ...onLight,
      '--mantine-color-dimmed': DEFAULT_THEME.colors.gray[7],
      '--mantine-color-placeholder': DEFAULT_THEME.colors.gray[7],
      '--mantine-color-error': DEFAULT_THEME.colors.red[9],
      '--mantine-color-anchor': DEFAULT_THEME.colors.cyan[9],
    },
    dark: {
      ...onDark,
      '--mantine-color-dimmed': DEFAULT_THEME.colors.dark[0],
      '--mantine-color-placeholder': DEFAULT_THEME.colors.dark[1],
      '--mantine-color-error': DEFAULT_THEME.colors.red[4],
      '--mantine-color-anchor': DEFAULT_THEME.colors.cyan[3],
    },
  };
};
