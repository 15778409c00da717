import type { components } from './schema';

type Schemas = components['schemas'];

export type FaceSet = Schemas['FaceSetInfo'];
export type Face = Schemas['FaceSetFace'];
export type FoundFace = Schemas['SearchFace'];
export type Box = Schemas['BoundingBox'];
export type DetectedFace = Schemas['DescribedFace'];
export type Attributes = Schemas['Attributes'];
export type Quality = Schemas['FaceQuality'];
export type HeadPose = Schemas['HeadPose'];
export type Landmark = Schemas['Landmark'];
export type Comparison = Schemas['CompareResponse'];
export type OperatingPoint = Schemas['OperatingPoint'];
export type User = Schemas['UserResponse'];
export type CheckedFace = Schemas['CheckedFace'];
export type Identified = Schemas['ImageFace'];
export type Candidate = Schemas['Candidate'];
export type Risk = Schemas['RiskResponse'];
export type Models = Schemas['ModelsResponse'];
export type Minute = Schemas['ActivityMinute'];

export type FieldType = 'string' | 'integer' | 'long' | 'float' | 'double' | 'boolean';
export type FieldValue = string | number | boolean;

export const FIELD_TYPES: FieldType[] = ['string', 'integer', 'long', 'float', 'double', 'boolean'];

/** Types of a face set's custom fields; a field without a type is a string. */
export function fieldTypes(set: FaceSet): Record<string, FieldType> {
  return Object.fromEntries(
    Object.entries(set.external_fields).map(([name, definition]) => [
      name,
      (definition.type ?? 'string').toLowerCase() as FieldType,
    ]),
  );
}
