// One request through Huawei's JavaScript SDK core, described in JSON on standard input; prints what came back.
import core from "@huaweicloud/huaweicloud-sdk-core";
import FormData from "form-data";
import builder from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";

const { BasicCredentials } = core;
const { ClientBuilder } = builder;

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { endpoint, accessKey, secretKey, projectId, request, form } = JSON.parse(text);

if (form) {
  request.contentType = "multipart/form-data";
  request.data = new FormData();
  for (const [name, value] of Object.entries(form.texts)) request.data.append(name, value);
  for (const [name, base64] of Object.entries(form.files)) request.data.append(name, Buffer.from(base64, "base64"), name);
}

const credential = new BasicCredentials().withAk(accessKey).withSk(secretKey).withProjectId(projectId);
const client = new ClientBuilder((client) => client)
  .withCredential(credential)
  .withEndpoint(endpoint)
  .build();

try {
  const answer = await client.sendRequest({ contentType: "application/json", headers: {}, pathParams: {}, queryParams: {}, data: {}, ...request });
  console.log(JSON.stringify({ status: answer.httpStatusCode, body: answer }));
} catch (error) {
  console.log(JSON.stringify({ status: error.httpStatusCode, code: error.errorCode, message: error.errorMsg }));
}
