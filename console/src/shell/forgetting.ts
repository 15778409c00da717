import { forgetThumbnails } from '../pictures/thumbnails';
import { queries } from '../queries';

/** Drops what was read or made for one project or user. */
export function forgetEverything() {
  queries.clear();
  forgetThumbnails();
}
