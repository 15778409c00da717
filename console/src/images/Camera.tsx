import { Alert, Button, Group, Stack } from '@mantine/core';
import { IconCamera } from '@tabler/icons-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { captureFrame, captureFrames } from './image';

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

interface Props {
  /** Number of photos, a quarter of a second apart. */
  shots?: number;
  onImages: (images: Blob[]) => void;
  onClose: () => void;
}

/** Take one or several photos with the camera. */
export function Camera({ shots = 1, onImages, onClose }: Props) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const { stream, failed } = useCamera(video);
  const [ready, setReady] = useState(false);
  const [taking, setTaking] = useState(false);
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
          loading={taking}
          onClick={async () => {
            if (!video.current) return;
            setTaking(true);
            onImages(shots > 1 ? await captureFrames(video.current, shots) : [await captureFrame(video.current, 0.95)]);
          }}
        >
          {t(shots > 1 ? 'camera.takeSeveral' : 'camera.take', { count: shots })}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
