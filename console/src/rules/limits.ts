/** A limit of an enrolment policy, with the range that the service accepts. */
export interface PolicyLimit {
  name: string;
  min: number;
  max: number;
  step: number;
}

const fraction = (name: string): PolicyLimit => ({ name, min: 0, max: 1, step: 0.05 });
const degrees = (name: string): PolicyLimit => ({ name, min: 0, max: 180, step: 5 });

export const LIMITS: PolicyLimit[] = [
  { name: 'max_faces', min: 1, max: 1000, step: 1 },
  { name: 'min_face_size', min: 1, max: 4096, step: 10 },
  fraction('min_confidence'),
  fraction('min_quality'),
  fraction('max_blur'),
  fraction('max_occlusion'),
  fraction('max_illumination'),
  degrees('max_yaw'),
  degrees('max_pitch'),
  degrees('max_roll'),
  fraction('duplicate_similarity'),
  { name: 'duplicate_false_match_rate', min: 0.000001, max: 0.1, step: 0.0001 },
];

/** Limits that are switched on or off. */
export const SWITCHES = ['single_face', 'bystanders'];
