import { Button, Group, Text } from '@mantine/core';
import { IconCamera, IconPhoto } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Camera } from './Camera';

interface Props {
  label: string;
  picture?: Blob;
  onPicture: (picture: Blob) => void;
  /** What is drawn over the picture, of this size in pixels. */
  overlay?: (width: number, height: number) => ReactNode;
}

/** A picture dropped, chosen or taken; shown upright, with what is drawn over it. */
export function PictureInput({ label, picture, onPicture, overlay }: Props) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const [camera, setCamera] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  if (camera)
    return (
      <Camera
        onPicture={(taken) => {
          setCamera(false);
          onPicture(taken);
        }}
        onClose={() => setCamera(false)}
      />
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset may not be dropped on
    <div
      role="group"
      aria-label={label}
      className="drop"
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const [file] = event.dataTransfer.files;
        if (file) onPicture(file);
      }}
    >
      {picture ? <Shown picture={picture} label={label} overlay={overlay} /> : <Text mb="sm">{t('picture.drop')}</Text>}
      <Group justify="center" mt="sm">
        <Button
          size="xs"
          variant={picture ? 'default' : 'filled'}
          leftSection={<IconPhoto size={16} aria-hidden />}
          onClick={() => input.current?.click()}
        >
          {t('picture.choose')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconCamera size={16} aria-hidden />}
          onClick={() => setCamera(true)}
        >
          {t('picture.camera')}
        </Button>
      </Group>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        aria-label={label}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onPicture(file);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

function Shown({ picture, label, overlay }: { picture: Blob; label: string; overlay?: Props['overlay'] }) {
  const { t } = useTranslation();
  const [source, setSource] = useState('');
  const [size, setSize] = useState<{ width: number; height: number }>();
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const url = URL.createObjectURL(picture);
    setSource(url);
    setSize(undefined);
    setBroken(false);
    return () => URL.revokeObjectURL(url);
  }, [picture]);
  if (broken) return <Text c="dimmed">{t('picture.notShown')}</Text>;
  return (
    <div className="picture">
      {source && (
        <img
          src={source}
          alt={label}
          onLoad={(event) =>
            setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })
          }
          onError={() => setBroken(true)}
        />
      )}
      {size && overlay && (
        // biome-ignore lint/a11y/useSemanticElements: nor may a fieldset be drawn in
        <svg viewBox={`0 0 ${size.width} ${size.height}`} role="group" aria-label={t('picture.faces')}>
          {overlay(size.width, size.height)}
        </svg>
      )}
    </div>
  );
}
