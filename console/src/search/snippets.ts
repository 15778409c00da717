/** Parameters of a search, apart from its image. */
export interface SearchQuery {
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

/** The search as a curl command, without the token. */
export function curl(query: SearchQuery): string {
  const url = `${query.endpoint}/v2/${query.projectId}/face-sets/${encodeURIComponent(query.set)}/search`;
  const options: Record<string, unknown> = { top_n: query.topN, threshold: query.threshold };
  if (query.filter) options.filter = query.filter;
  if (query.returnFields.length) options.return_fields = query.returnFields;
  const head = `curl -s ${quoted(url)} \\\n  -H "X-Auth-Token: $TOKEN"`;
  if (query.faceId)
    return `${head} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify({ face_id: query.faceId, ...options }))}`;
  const parts = Object.entries(options).map(
    ([name, value]) => `  -F ${quoted(`${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)}`,
  );
  return [head, ...parts, '  -F image_file=@photo.jpg'].join(' \\\n');
}

/** The search with the official Python SDK. */
export function sdk(query: SearchQuery): string {
  const options = [
    query.faceId ? `face_id=${python(query.faceId)}` : 'image_base64=photo("photo.jpg")',
    `top_n=${query.topN}`,
    `threshold=${query.threshold}`,
    ...(query.filter ? [`filter=${python(query.filter)}`] : []),
    ...(query.returnFields.length ? [`return_fields=${python(query.returnFields)}`] : []),
  ].join(', ');
  const [method, request, body] = query.faceId
    ? ['search_face_by_face_id', 'SearchFaceByFaceIdRequest', 'FaceSearchFaceIdReq']
    : ['search_face_by_base64', 'SearchFaceByBase64Request', 'FaceSearchBase64Req'];
  return `import base64, json
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfrs.v2 import *

keys = json.load(open("data/credentials.json"))
signing = BasicCredentials(keys["access_key"], keys["secret_key"], ${python(query.projectId)})
frs = FrsClient.new_builder().with_credentials(signing).with_endpoint(${python(query.endpoint)}).build()
photo = lambda path: base64.b64encode(open(path, "rb").read()).decode()

print(frs.${method}(${request}(face_set_name=${python(query.set)},
    body=${body}(${options}))))`;
}
