import { expect, test, vi } from 'vitest';
import { api, postForm } from '../api/client';
import { ApiError, OfflineError, retryDelay } from '../api/errors';
import { KnownPhoto } from './known';
import { type Options, stemOf, UploadQueue } from './uploads';

vi.mock('../api/client', async (original) => ({
  ...(await original<typeof import('../api/client')>()),
  api: { GET: vi.fn(async () => ({ data: { external_image_id: 'ZhangSan-1' } })) },
  postForm: vi.fn(async () => ({ faces: [] })),
}));

const options = (): Options => ({
  project_id: 'p',
  path: '/',
  set: 's',
  single: true,
  skipKnown: true,
  nameAsId: true,
  keepsNames: false,
  fields: {},
});
const files = (count: number) =>
  Array.from({ length: count }, (_, number) => ({
    file: new File([`${number}`], `${number}.jpg`, { type: 'image/jpeg' }),
    path: `${number}.jpg`,
  }));
const settled = (queue: UploadQueue) =>
  vi.waitFor(() =>
    expect(queue.uploads.every((each) => each.state !== 'waiting' && each.state !== 'sending')).toBe(true),
  );

test('a file is named without its suffix', () => {
  expect(stemOf('Anna Böhm (2).jpg')).toBe('Anna Böhm (2)');
  expect(stemOf('张三.1.jpg')).toBe('张三.1');
  expect(stemOf('.jpg')).toBe('.jpg');
});

test('a file is sent with the id of its name, and the name if the set keeps names', async () => {
  for (const keepsNames of [true, false]) {
    const queue = new UploadQueue(() => ({ ...options(), skipKnown: false, keepsNames }), vi.fn());
    queue.add([{ file: new File(['x'], '张三.jpg', { type: 'image/jpeg' }), path: '张三.jpg' }]);
    await settled(queue);
    expect(queue.uploads[0]?.state).toBe('added');
  }
  expect(vi.mocked(api.GET).mock.calls[0]?.[1]).toMatchObject({ params: { query: { name: '张三' } } });
  const forms = vi.mocked(postForm).mock.calls.map(([, form]) => form);
  expect(forms.map((form) => form.get('external_image_id'))).toEqual(['ZhangSan-1', 'ZhangSan-1']);
  expect(forms.map((form) => form.get('external_fields'))).toEqual(['{"name":"张三"}', null]);
});

test('every file is sent once, three at a time', async () => {
  let running = 0;
  let maximum = 0;
  const sent: string[] = [];
  const queue = new UploadQueue(options, vi.fn(), async (upload) => {
    maximum = Math.max(maximum, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    sent.push(upload.path);
    running -= 1;
    return [];
  });
  queue.add(files(10));
  await settled(queue);
  expect(maximum).toBe(3);
  expect(sent.toSorted()).toEqual(files(10).map((each) => each.path));
});

test('a rejected file keeps its error and can be retried', async () => {
  let refuses = true;
  const refusal = new ApiError(400, 'FRS.0404', 'Detect no face', 'r1');
  const queue = new UploadQueue(options, vi.fn(), async () => {
    if (refuses) throw refusal;
    return [];
  });
  queue.add(files(1));
  await settled(queue);
  expect(queue.uploads[0]?.error).toBe(refusal);
  refuses = false;
  queue.retry();
  await settled(queue);
  expect(queue.uploads[0]?.state).toBe('added');
});

test('a request rejected by the rate limit is retried automatically', async () => {
  vi.useFakeTimers();
  let refusals = 1;
  const queue = new UploadQueue(
    () => ({ ...options(), skipKnown: false }),
    vi.fn(),
    async () => {
      if (refusals-- > 0) throw new ApiError(429, 'FRS.0033', 'Too many requests.', 'r1', 2);
      return [];
    },
  );
  queue.add(files(1));
  await vi.advanceTimersByTimeAsync(1900);
  expect(queue.uploads[0]?.state).toBe('sending');
  await vi.advanceTimersByTimeAsync(200);
  expect(queue.uploads[0]?.state).toBe('added');
  vi.useRealTimers();
});

test('the queue pauses when the connection is lost, and resumes without losing a file', async () => {
  let offline = true;
  const queue = new UploadQueue(options, vi.fn(), async () => {
    if (offline) throw new OfflineError();
    return [];
  });
  queue.add(files(5));
  await vi.waitFor(() => expect(queue.paused).toBe(true));
  await vi.waitFor(() => expect(queue.uploads.every((each) => each.state === 'waiting')).toBe(true));
  offline = false;
  queue.pause(false);
  await settled(queue);
  expect(queue.uploads.map((each) => each.state)).toEqual(Array(5).fill('added'));
});

test('a photo that has been added before is left out until the user adds it anyway', async () => {
  const sent: string[] = [];
  const queue = new UploadQueue(options, vi.fn(), async (upload) => {
    if (upload.path === '1.jpg' && !upload.anyway) throw new KnownPhoto();
    sent.push(upload.path);
    return [];
  });
  const [first, second] = files(2) as [{ file: File; path: string }, { file: File; path: string }];
  queue.add([first, second, { file: first.file, path: 'copy.jpg' }]);
  await settled(queue);
  expect(queue.uploads.map((each) => each.state)).toEqual(['added', 'known', 'known']);
  queue.addKnown();
  await settled(queue);
  expect(sent.toSorted()).toEqual(['0.jpg', '1.jpg', 'copy.jpg']);
});

test('a photo that was rejected is not known', async () => {
  const queue = new UploadQueue(options, vi.fn(), async () => {
    throw new ApiError(400, 'FRS.0404', 'Detect no face', 'r1');
  });
  queue.add(files(1));
  await settled(queue);
  queue.add(files(1));
  await settled(queue);
  expect(queue.uploads.map((each) => each.state)).toEqual(['refused', 'refused']);
});

test('only temporary errors are retried', () => {
  expect(retryDelay(new ApiError(429, 'FRS.0033', '', ''))).toBe(1);
  expect(retryDelay(new ApiError(503, 'FRS.0018', '', '', 7))).toBe(7);
  expect(retryDelay(new ApiError(400, 'FRS.0404', '', ''))).toBeUndefined();
});

test('a photo with several faces is reviewed before any of them is added, unless only main faces are added', async () => {
  const box = (side: number) => ({ top_left_x: 0, top_left_y: 0, width: side, height: side });
  const found = [box(300), box(100), box(20)].map((bounding_box) => ({ bounding_box, candidates: [] }));
  vi.mocked(postForm).mockClear();
  vi.mocked(postForm)
    .mockResolvedValueOnce({ faces: found })
    .mockResolvedValue({ faces: [{}] });
  const queue = new UploadQueue(() => ({ ...options(), single: false, skipKnown: false }), vi.fn());
  queue.add(files(1));
  await vi.waitFor(() => expect(queue.uploads[0]?.state).toBe('review'));
  expect(queue.uploads[0]?.ticked).toEqual([0, 1]);
  expect(vi.mocked(postForm).mock.calls.map(([path]) => path)).toEqual(['/x/v1/p/face-sets/s/identify']);
  queue.tick(0, [0]);
  queue.confirm();
  await settled(queue);
  expect(queue.uploads[0]?.state).toBe('added');
  const form = vi.mocked(postForm).mock.calls[1]?.[1];
  expect([form?.get('single'), form?.get('external_image_id')]).toEqual(['true', 'ZhangSan-1']);
});

test('photos whose faces are left out can be dropped again', async () => {
  const box = { top_left_x: 0, top_left_y: 0, width: 100, height: 100 };
  vi.mocked(postForm).mockResolvedValue({ faces: [1, 2].map(() => ({ bounding_box: box, candidates: [] })) });
  const queue = new UploadQueue(() => ({ ...options(), single: false }), vi.fn());
  for (let attempt = 0; attempt < 2; attempt += 1) {
    queue.add(files(1));
    await vi.waitFor(() => expect(queue.uploads[0]?.state).toBe('review'));
    queue.leaveOut();
    expect(queue.uploads).toEqual([]);
  }
});
