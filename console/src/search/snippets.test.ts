import { expect, test } from 'vitest';
import { curl, type SearchQuery, sdk } from './snippets';

const query: SearchQuery = {
  endpoint: 'http://host:8080',
  projectId: 'p',
  set: 'te st',
  topN: 10,
  threshold: 0.93,
  filter: 'name:"O\'Neil"',
  returnFields: ['name'],
};

test('curl sends a form with the image, quoted for a shell', () => {
  expect(curl(query)).toBe(
    [
      "curl -s 'http://host:8080/v2/p/face-sets/te%20st/search'",
      '-H "X-Auth-Token: $TOKEN"',
      "-F 'top_n=10'",
      "-F 'threshold=0.93'",
      `-F 'filter=name:"O'\\''Neil"'`,
      `-F 'return_fields=["name"]'`,
      '-F image_file=@photo.jpg',
    ].join(' \\\n  '),
  );
});

test('an enrolled face is searched for with JSON', () => {
  expect(curl({ ...query, faceId: 'abc', filter: '', returnFields: [] })).toContain(
    `-d '{"face_id":"abc","top_n":10,"threshold":0.93}'`,
  );
});

test('the SDK call has the same parameters', () => {
  expect(sdk(query)).toContain('SearchFaceByBase64Request(face_set_name="te st"');
  expect(sdk(query)).toContain(`filter="name:\\"O'Neil\\"", return_fields=["name"]`);
  expect(sdk({ ...query, faceId: 'abc' })).toContain('search_face_by_face_id(SearchFaceByFaceIdRequest(');
});
