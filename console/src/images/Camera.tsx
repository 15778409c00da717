import { Alert, Button, Group, Stack } from '@mantine/core';
import { IconCamera } from '@tabler/icons-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { captureFrame } from './image';

/** Show the camera's stream in a video element while mounted; `failed` is true if the camera is not available. */
export function useCamera(video: RefObject<HTMLVideoElement | null>) {
  const [stream, setStream] = useState<MediaStream>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let opened: MediaStream | undefined;
    let unmounted = false;
    const open = async () => {
      opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 1280 } } });
      if (unmounted) return stopTracks(opened);
      setStream(opened);
      if (video.current) video.current.srcObject = opened;
    };
    open().catch(() => setFailed(true));
    return () => {
      unmounted = true;
      if (opened) stopTracks(opened);
    };
  }, [video]);
  return { stream, failed };
}

const stopTracks = (stream: MediaStream) => {
  for (const track of stream.getTracks()) track.stop();
};

/** Take a photo with the camera. */
export function Camera({ onImage, onClose }: { onImage: (image: Blob) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const { stream, failed } = useCamera(video);
  const [ready, setReady] = useState(false);
  return (
    <Stack align="center">
      {failed && (
        <Alert color="orange" role="alert">
          {t('camera.failed')}
        </Alert>
      )}
      <div className="image">
        <video ref={video} autoPlay playsInline muted aria-label={t('camera.live')} onPlaying={() => setReady(true)} />
      </div>
      <Group>
        <Button
          leftSection={<IconCamera size={16} aria-hidden />}
          disabled={!stream || !ready}
          onClick={async () => {
            if (video.current) onImage(await captureFrame(video.current, 0.95));
          }}
        >
          {t('camera.take')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
