/** What a search asks for, besides its picture. */
export interface Asked {
  endpoint: string;
  projectId: string;
  set: string;
  faceId?: string;
  topN: number;
  threshold: number;
  filter: string;
  returnFields: string[];
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const python = (value: unknown) => JSON.stringify(value);

/** The same search with curl; the token stays out of it. */
export function curl(asked: Asked): string {
  const url = `${asked.endpoint}/v2/${asked.projectId}/face-sets/${encodeURIComponent(asked.set)}/search`;
  const options: Record<string, unknown> = { top_n: asked.topN, threshold: asked.threshold };
  if (asked.filter) options.filter = asked.filter;
  if (asked.returnFields.length) options.return_fields = asked.returnFields;
  const head = `curl -s ${quoted(url)} \\\n  -H "X-Auth-Token: $TOKEN"`;
  if (asked.faceId)
    return `${head} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify({ face_id: asked.faceId, ...options }))}`;
  const parts = Object.entries(options).map(
    ([name, value]) => `  -F ${quoted(`${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)}`,
  );
  return [head, ...parts, '  -F image_file=@photo.jpg'].join(' \\\n');
}

/** The same search with the official Python SDK. */
export function sdk(asked: Asked): string {
  const options = [
    asked.faceId ? `face_id=${python(asked.faceId)}` : 'image_base64=photo("photo.jpg")',
    `top_n=${asked.topN}`,
    `threshold=${asked.threshold}`,
    ...(asked.filter ? [`filter=${python(asked.filter)}`] : []),
    ...(asked.returnFields.length ? [`return_fields=${python(asked.returnFields)}`] : []),
  ].join(', ');
  const [method, request, body] = asked.faceId
    ? ['search_face_by_face_id', 'SearchFaceByFaceIdRequest', 'FaceSearchFaceIdReq']
    : ['search_face_by_base64', 'SearchFaceByBase64Request', 'FaceSearchBase64Req'];
  return `import base64, json
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfrs.v2 import *

keys = json.load(open("data/credentials.json"))
signing = BasicCredentials(keys["access_key"], keys["secret_key"], ${python(asked.projectId)})
frs = FrsClient.new_builder().with_credentials(signing).with_endpoint(${python(asked.endpoint)}).build()
photo = lambda path: base64.b64encode(open(path, "rb").read()).decode()

print(frs.${method}(${request}(face_set_name=${python(asked.set)},
    body=${body}(${options}))))`;
}
