import { Alert, Button, Group, Text } from '@mantine/core';
import { IconCamera, IconPhoto } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Camera } from './Camera';
import { ACCEPT, prepared } from './prepare';

interface Props {
  label: string;
  image?: Blob;
  onImage: (image: Blob) => void;
  /** Take several photos at once with the camera, and pass them to `onShots`. */
  shots?: number;
  onShots?: (images: Blob[]) => void;
  /** Render the overlay for an image of this size in pixels. */
  overlay?: (width: number, height: number) => ReactNode;
}

/** Image input by drop, file dialog or camera; shows the image upright with an overlay. */
export function ImageInput({ label, image, onImage, shots, onShots, overlay }: Props) {
  const { t } = useTranslation();
  const [dragOver, setDragOver] = useState(false);
  const [camera, setCamera] = useState(false);
  const [unreadable, setUnreadable] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const choose = (file: Blob) => {
    setUnreadable(false);
    prepared(file).then(onImage, () => setUnreadable(true));
  };
  if (camera)
    return (
      <Camera
        shots={shots}
        onImages={(photos) => {
          setCamera(false);
          if (onShots) onShots(photos);
          else for (const photo of photos) onImage(photo);
        }}
        onClose={() => setCamera(false)}
      />
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is not a drop target
    <div
      role="group"
      aria-label={label}
      className="drop"
      data-over={dragOver}
      onDragOver={(event) => {
        event.preventDefault();
        setDragOver(true);
      }}
      onDragLeave={() => setDragOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDragOver(false);
        const [file] = event.dataTransfer.files;
        if (file) choose(file);
      }}
    >
      {image ? <Preview image={image} label={label} overlay={overlay} /> : <Text mb="sm">{t('image.drop')}</Text>}
      {unreadable && (
        <Alert color="orange" role="alert" mt="sm">
          {t('image.unreadable')}
        </Alert>
      )}
      <Group justify="center" mt="sm">
        <Button
          size="xs"
          variant={image ? 'default' : 'filled'}
          leftSection={<IconPhoto size={16} aria-hidden />}
          onClick={() => input.current?.click()}
        >
          {t('image.choose')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconCamera size={16} aria-hidden />}
          onClick={() => setCamera(true)}
        >
          {t('image.camera')}
        </Button>
      </Group>
      <input
        ref={input}
        type="file"
        accept={ACCEPT}
        hidden
        aria-label={label}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) choose(file);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

function Preview({ image, label, overlay }: { image: Blob; label: string; overlay?: Props['overlay'] }) {
  const { t } = useTranslation();
  const [source, setSource] = useState('');
  const [size, setSize] = useState<{ width: number; height: number }>();
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const url = URL.createObjectURL(image);
    setSource(url);
    setSize(undefined);
    setBroken(false);
    return () => URL.revokeObjectURL(url);
  }, [image]);
  if (broken) return <Text c="dimmed">{t('image.notShown')}</Text>;
  return (
    <div className="image">
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
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold the overlay
        <svg viewBox={`0 0 ${size.width} ${size.height}`} role="group" aria-label={t('image.faces')}>
          {overlay(size.width, size.height)}
        </svg>
      )}
    </div>
  );
}
