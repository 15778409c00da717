import { useEffect, useState } from 'react';
import { useProjectId } from '../api/useApi';
import { cropPath, cropUrl } from '../crops/crops';
import { useCrops } from '../crops/useCrops';
import { thumbnail } from '../images/thumbnails';
import { hasRole, useSession } from '../session/store';

interface Props {
  faceId: string;
  /** The face set, whose crop is shown if it has one. */
  set?: string;
  size?: number;
  alt?: string;
}

/** Image of a face: its crop, or one that was made when it was enrolled in this session. */
export function Thumbnail({ faceId, set = '', size = 36, alt = '' }: Props) {
  const project = useProjectId();
  const crops = useCrops(set);
  const canLook = hasRole(useSession().role, 'operator');
  const [crop, setCrop] = useState('');
  const own = thumbnail(faceId);
  const hasCrops = canLook && !!crops.data?.number && !!faceId;
  useEffect(() => {
    let current = true;
    setCrop('');
    if (hasCrops && !own) {
      void cropUrl(cropPath(project, set, faceId)).then((url) => current && setCrop(url));
    }
    return () => {
      current = false;
    };
  }, [project, set, faceId, hasCrops, own]);
  const source = own ?? crop;
  return source ? (
    <img
      src={source}
      alt={alt}
      width={size}
      height={size}
      style={{ objectFit: 'cover', borderRadius: 6, flexShrink: 0 }}
    />
  ) : null;
}
