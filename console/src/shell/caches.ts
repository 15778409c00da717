import { forgetThumbnails } from '../images/thumbnails';
import { queries } from '../queries';

/** Clear all cached data of a project or user. */
export function forgetEverything() {
  queries.clear();
  forgetThumbnails();
}
