const TYPES = ['video/mp4;codecs=avc1', 'video/mp4;codecs=vp9', 'video/mp4', 'video/webm;codecs=vp8', 'video/webm'];
const TICK = 100;

/** Record the camera for a number of milliseconds and report the elapsed time. */
export async function record(stream: MediaStream, duration: number, onTime: (time: number) => void): Promise<Blob> {
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 2_500_000 });
  const parts: Blob[] = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  const started = performance.now();
  onTime(0);
  const timer = setInterval(() => onTime(performance.now() - started), TICK);
  setTimeout(() => recorder.stop(), duration);
  await stopped;
  clearInterval(timer);
  return new Blob(parts, { type: recorder.mimeType });
}
