import { expect, test } from 'vitest';
import { type Asked, curl, sdk } from './snippets';

const asked: Asked = {
  endpoint: 'http://host:8080',
  projectId: 'p',
  set: 'te st',
  topN: 10,
  threshold: 0.93,
  filter: 'name:"O\'Neil"',
  returnFields: ['name'],
};

test('curl sends a form with the picture, quoted for a shell', () => {
  expect(curl(asked)).toBe(
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
  expect(curl({ ...asked, faceId: 'abc', filter: '', returnFields: [] })).toContain(
    `-d '{"face_id":"abc","top_n":10,"threshold":0.93}'`,
  );
});

test('the SDK call names the same things', () => {
  expect(sdk(asked)).toContain('SearchFaceByBase64Request(face_set_name="te st"');
  expect(sdk(asked)).toContain(`filter="name:\\"O'Neil\\"", return_fields=["name"]`);
  expect(sdk({ ...asked, faceId: 'abc' })).toContain('search_face_by_face_id(SearchFaceByFaceIdRequest(');
});
