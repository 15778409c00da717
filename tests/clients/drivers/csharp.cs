// Requests as Huawei's C# SDK 1.0 signs and encodes them: one described in JSON on each line of standard input, its result on each
// line of output. The first line is the account. Only two headers are signed, and sort directions are in capitals.
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Web.Script.Serialization;

using Values = System.Collections.Generic.Dictionary<string, object>;

public static class Driver
{
    private static readonly JavaScriptSerializer Json = new JavaScriptSerializer { MaxJsonLength = int.MaxValue };

    public static void Main()
    {
        ServicePointManager.Expect100Continue = false;
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        var account = Json.Deserialize<Values>(input.ReadLine());
        string line;
        while ((line = input.ReadLine()) != null)
            output.WriteLine(Json.Serialize(Send(account, Json.Deserialize<Values>(line))));
    }

    private static Values Send(Values account, Values call)
    {
        var query = string.Join("&", Pairs(call["query"]).Select(pair => pair.Key + "=" + Uri.EscapeDataString((string)pair.Value)));
        var url = (string)account["endpoint"] + (string)call["path"] + (query == "" ? "" : "?" + query);
        var request = WebRequest.CreateHttp(url);
        request.Method = (string)call["method"];
        byte[] content = null;
        if (Pairs(call["files"]).Any())
        {
            var boundary = "---------------------------" + DateTime.Now.Ticks.ToString("x");
            content = Form(call, boundary);
            request.ContentType = "multipart/form-data; boundary=" + boundary;
        }
        else if (call["body"] != null)
        {
            var body = (Values)call["body"];
            object sort;
            if (body.TryGetValue("sort", out sort))
                body["sort"] = ((IEnumerable)sort).Cast<Values>().Select(Capitals).ToArray();
            content = Encoding.UTF8.GetBytes(Json.Serialize(body));
            request.ContentType = "application/json";
        }
        Sign(request, content, (string)account["access_key"], (string)account["secret_key"], query);
        try
        {
            if (content != null)
                using (var stream = request.GetRequestStream())
                    stream.Write(content, 0, content.Length);
            using (var response = (HttpWebResponse)request.GetResponse())
                return Result(response, "");
        }
        catch (WebException error)
        {
            if (error.Response == null)
                return new Values { { "status", 0 }, { "body", null }, { "error", error.Message } };
            return Result((HttpWebResponse)error.Response, error.Message);
        }
    }

    private static IEnumerable<KeyValuePair<string, object>> Pairs(object values)
    {
        return ((Values)values).OrderBy(pair => pair.Key, StringComparer.Ordinal);
    }

    private static Values Capitals(Values entry)
    {
        return entry.ToDictionary(pair => pair.Key, pair => (object)((string)pair.Value).ToUpperInvariant());
    }

    private static Values Result(HttpWebResponse response, string error)
    {
        var text = new StreamReader(response.GetResponseStream(), Encoding.UTF8).ReadToEnd();
        var parsed = Json.DeserializeObject(text);
        return new Values { { "status", (int)response.StatusCode }, { "body", parsed }, { "error", error == "" ? "" : error + text } };
    }

    private static byte[] Form(Values call, string boundary)
    {
        var form = new MemoryStream();
        Action<string> write = text => { var bytes = Encoding.UTF8.GetBytes(text); form.Write(bytes, 0, bytes.Length); };
        foreach (var pair in Pairs(call["texts"]))
            write("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + pair.Key + "\"\r\n\r\n" + pair.Value + "\r\n");
        foreach (var pair in Pairs(call["files"]))
        {
            write("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + pair.Key + "\"; filename=\"" + pair.Key + "\"\r\n");
            write("Content-Type: application/octet-stream\r\n\r\n");
            var bytes = File.ReadAllBytes((string)pair.Value);
            form.Write(bytes, 0, bytes.Length);
            write("\r\n");
        }
        write("--" + boundary + "--\r\n");
        return form.ToArray();
    }

    private static void Sign(HttpWebRequest request, byte[] content, string accessKey, string secretKey, string query)
    {
        var date = DateTime.UtcNow.ToString("yyyyMMddTHHmmssZ");
        request.Headers.Add("X-Sdk-Date", date);
        var names = request.Headers.AllKeys.Select(key => key.ToLower()).OrderBy(name => name, StringComparer.Ordinal).ToArray();
        var headers = string.Concat(request.Headers.AllKeys.Select(key => key.ToLower() + ":" + request.Headers.Get(key).Trim() + "\n"));
        var canonical = string.Join("\n", request.Method, request.RequestUri.AbsolutePath + "/", query, headers,
            string.Join(";", names), Hex(SHA256.Create().ComputeHash(content ?? new byte[0])));
        var text = "SDK-HMAC-SHA256\n" + date + "\n" + Hex(SHA256.Create().ComputeHash(Encoding.UTF8.GetBytes(canonical)));
        var signature = Hex(new HMACSHA256(Encoding.UTF8.GetBytes(secretKey)).ComputeHash(Encoding.UTF8.GetBytes(text)));
        request.Headers.Add("Authorization", string.Format("SDK-HMAC-SHA256 Access={0}, SignedHeaders={1}, Signature={2}",
            accessKey, string.Join(";", names), signature));
    }

    private static string Hex(byte[] bytes)
    {
        return string.Concat(bytes.Select(each => each.ToString("x2")));
    }
}
