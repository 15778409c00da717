// Requests through Huawei's JavaScript SDK core of the version that the argument names, one described in JSON on each line of standard
// input; prints what came back.
import { createInterface } from "node:readline";
import FormData from "form-data";

const version = process.argv[2];
const { BasicCredentials } = (await import(`core-${version}`)).default;
const { ClientBuilder } = (await import(`core-${version}/ClientBuilder.js`)).default;

async function call({ endpoint, accessKey, secretKey, projectId, request, form }) {
  if (form) {
    request.contentType = "multipart/form-data";
    request.data = new FormData();
    for (const [name, value] of Object.entries(form.texts)) request.data.append(name, value);
    for (const [name, base64] of Object.entries(form.files)) request.data.append(name, Buffer.from(base64, "base64"), name);
  }
  const credential = new BasicCredentials().withAk(accessKey).withSk(secretKey).withProjectId(projectId);
  const client = new ClientBuilder((client) => client).withCredential(credential).withEndpoint(endpoint).build();
  try {
    const answer = await client.sendRequest({ contentType: "application/json", headers: {}, pathParams: {}, queryParams: {}, data: {}, ...request });
    return { status: answer.httpStatusCode, body: answer };
  } catch (error) {
    return { status: error.httpStatusCode, code: error.errorCode, message: error.errorMsg };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line))));
}
