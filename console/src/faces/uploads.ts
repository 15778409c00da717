import { api, data, formOf, postForm } from '../api/client';
import { OfflineError, retryDelay, wait } from '../api/errors';
import type { Face, Identified } from '../api/types';
import { prepared } from '../images/prepare';
import { identify } from '../live/identify';
import { RECOMMENDED_THRESHOLD } from '../search/rates';
import { isEnrolled, KnownPhoto, SeenPhotos } from './known';
import { addChosen, proposed } from './review';

export type State = 'waiting' | 'sending' | 'review' | 'added' | 'known' | 'refused';

/** A file queued for upload into a face set. */
export interface Upload {
  key: number;
  file: File;
  path: string;
  /** The file as it is sent: re-encoded if the service does not take it. */
  photo: Blob;
  state: State;
  faces: Face[];
  /** Faces of the photo, to be reviewed. */
  found: readonly Identified[];
  /** Indexes of the faces to add. */
  ticked: readonly number[];
  /** True if the user has confirmed the ticked faces. */
  confirmed?: boolean;
  /** Add the photo even if it has been added before. */
  anyway?: boolean;
  error?: unknown;
}

export interface Options {
  project_id: string;
  path: string;
  set: string;
  /** Add only the main face of each photo; otherwise the user ticks the faces. */
  single: boolean;
  /** Leave out photos that have been added before. */
  skipKnown: boolean;
  nameAsId: boolean;
  /** The face set has a string field `name`, which keeps the names that ids are derived from. */
  keepsNames: boolean;
  fields: Record<string, string | number | boolean>;
}

const MAX_CONCURRENT = 3;

/** Name of a file without its suffix. */
export function stemOf(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, '');
}

/** The external image id under which imports enrol a name, too. */
async function idOfName(name: string, { project_id }: Options, signal: AbortSignal): Promise<string> {
  const params = { path: { project_id }, query: { name } };
  return (await data(api.GET('/x/v1/{project_id}/external-image-id', { params, signal }))).external_image_id;
}

type Send = (upload: Upload, options: Options, signal: AbortSignal) => Promise<Face[]>;

/** The faces of a photo are to be reviewed before they are added. */
class ToReview extends Error {
  constructor(
    readonly photo: Blob,
    readonly found: readonly Identified[],
  ) {
    super('to review');
  }
}

async function send(upload: Upload, options: Options, signal: AbortSignal): Promise<Face[]> {
  if (!options.single && !upload.confirmed) {
    const { faces } = await identify(options.project_id, options.set, upload.photo, RECOMMENDED_THRESHOLD, signal);
    if (faces.length > 1) throw new ToReview(upload.photo, faces);
  }
  if (
    options.skipKnown &&
    !upload.anyway &&
    !upload.confirmed &&
    (await isEnrolled(upload.photo, options.path, signal))
  )
    throw new KnownPhoto();
  const name = stemOf(upload.file.name);
  const fields = options.nameAsId && options.keepsNames ? { name, ...options.fields } : options.fields;
  const labels = {
    external_image_id: options.nameAsId ? await idOfName(name, options, signal) : undefined,
    external_fields: Object.keys(fields).length ? JSON.stringify(fields) : undefined,
  };
  if (upload.confirmed) return addChosen(options.path, upload.photo, upload.found, upload.ticked, labels, signal);
  const form = formOf({ ...labels, single: options.single, image_file: upload.photo });
  return (await postForm<{ faces: Face[] }>(options.path, form, signal)).faces;
}

/** Upload queue with bounded concurrency: can be paused, resumes after a lost connection, retries rejected files on request. */
export class UploadQueue {
  uploads: readonly Upload[] = [];
  paused = false;
  private nextKey = 0;
  private running = 0;
  private readonly listeners = new Set<() => void>();
  private readonly stop = new AbortController();
  private readonly seen = new SeenPhotos();

  constructor(
    private readonly options: () => Options,
    private readonly onAdded: (upload: Upload) => void,
    private readonly sending: Send = send,
  ) {}

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = () => this.uploads;

  add(files: { file: File; path: string }[]) {
    const added = files.map(({ file, path }) => ({
      key: this.nextKey++,
      file,
      path,
      photo: file,
      state: 'waiting' as const,
      faces: [],
      found: [],
      ticked: [],
    }));
    this.publish([...this.uploads, ...added]);
    this.fill();
  }

  retry(keys?: number[]) {
    this.publish(
      this.uploads.map((each) =>
        each.state === 'refused' && (!keys || keys.includes(each.key))
          ? { ...each, state: 'waiting', error: undefined }
          : each,
      ),
    );
    this.fill();
  }

  /** Add photos that were left out because they had been added before. */
  addKnown(keys?: number[]) {
    this.publish(
      this.uploads.map((each) =>
        each.state === 'known' && (!keys || keys.includes(each.key))
          ? { ...each, state: 'waiting', anyway: true }
          : each,
      ),
    );
    this.fill();
  }

  /** Tick faces of a photo that is reviewed. */
  tick(key: number, ticked: number[]) {
    this.change(key, { ticked });
  }

  /** Add the ticked faces of all photos that are reviewed; those without any are left out. */
  confirm() {
    this.publish(
      this.uploads
        .filter((each) => each.state !== 'review' || each.ticked.length > 0)
        .map((each) => (each.state === 'review' ? { ...each, state: 'waiting', confirmed: true } : each)),
    );
    this.fill();
  }

  /** Leave out the photos that are reviewed. */
  leaveOut() {
    for (const each of this.uploads) if (each.state === 'review') this.seen.release(each.key);
    this.publish(this.uploads.filter((each) => each.state !== 'review'));
  }

  pause(paused: boolean) {
    this.paused = paused;
    this.publish([...this.uploads]);
    this.fill();
  }

  clear() {
    this.publish(
      this.uploads.filter((each) => each.state === 'waiting' || each.state === 'sending' || each.state === 'review'),
    );
  }

  close() {
    this.paused = true;
    this.stop.abort();
  }

  private publish(uploads: readonly Upload[]) {
    this.uploads = uploads;
    for (const listener of this.listeners) listener();
  }

  private change(key: number, change: Partial<Upload>) {
    this.publish(this.uploads.map((each) => (each.key === key ? { ...each, ...change } : each)));
  }

  private fill() {
    while (!this.paused && this.running < MAX_CONCURRENT) {
      const upload = this.uploads.find((each) => each.state === 'waiting');
      if (!upload) return;
      this.running += 1;
      this.change(upload.key, { state: 'sending' });
      void this.run(upload).finally(() => {
        this.running -= 1;
        this.fill();
      });
    }
  }

  private async run(upload: Upload) {
    try {
      const options = this.options();
      if (options.skipKnown && !upload.anyway && !upload.confirmed) await this.seen.claim(upload.key, upload.file);
      const ready = { ...upload, photo: await prepared(upload.file) };
      const faces = await this.sending(ready, options, this.stop.signal);
      this.change(upload.key, { state: 'added', faces });
      this.onAdded({ ...ready, faces });
    } catch (error) {
      if (this.stop.signal.aborted) return;
      const seconds = retryDelay(error);
      if (seconds !== undefined) {
        await wait(seconds);
        this.change(upload.key, { state: 'waiting' });
      } else if (error instanceof ToReview) {
        this.change(upload.key, {
          state: 'review',
          photo: error.photo,
          found: error.found,
          ticked: proposed(error.found),
        });
      } else if (error instanceof KnownPhoto) {
        this.change(upload.key, { state: 'known' });
      } else if (error instanceof OfflineError) {
        this.paused = true;
        this.change(upload.key, { state: 'waiting' });
      } else {
        this.seen.release(upload.key);
        this.change(upload.key, { state: 'refused', error });
      }
    }
  }
}
