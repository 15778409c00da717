import { clearCrops } from '../crops/crops';
import { clearPhotos } from '../images/photos';
import { clearThumbnails } from '../images/thumbnails';
import { queries } from '../queries';

/** Clear all cached data of a project or user. */
export function clearCaches() {
  queries.clear();
  clearThumbnails();
  clearPhotos();
  clearCrops();
}
