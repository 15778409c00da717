<?php
// Requests as Huawei's PHP SDK 3 signs and encodes them: one described in JSON on each line of standard input, its result on each
// line of output. The first line is the account. JSON is signed without its content, forms with it.

function encoded(string $text): string
{
    return str_replace(['+', '%7E'], ['%20', '~'], urlencode($text));
}

function signed(array $account, string $method, string $path, string $query, array $headers, string $body): array
{
    $headers['X-Sdk-Date'] = gmdate('Ymd\THis\Z');
    $lower = array_change_key_case($headers);
    ksort($lower);
    $canonical = '';
    foreach ($lower as $name => $value) {
        $canonical .= "$name:" . trim($value) . "\n";
    }
    $names = implode(';', array_keys($lower));
    $segments = array_map('encoded', explode('/', $path));
    $hash = $lower['x-sdk-content-sha256'] ?? hash('sha256', $body);
    $request = "$method\n" . implode('/', $segments) . "/\n$query\n$canonical\n$names\n$hash";
    $text = "SDK-HMAC-SHA256\n" . $headers['X-Sdk-Date'] . "\n" . hash('sha256', $request);
    $signature = hash_hmac('sha256', $text, $account['secret_key']);
    $headers['Authorization'] = "SDK-HMAC-SHA256 Access={$account['access_key']}, SignedHeaders=$names, Signature=$signature";
    return $headers;
}

function form(array $call): array
{
    $boundary = sha1(uniqid('', true));
    $body = '';
    foreach ($call['texts'] as $name => $text) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"\r\nContent-Length: " . strlen($text) . "\r\n\r\n$text\r\n";
    }
    foreach ($call['files'] as $name => $path) {
        $content = file_get_contents($path);
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"; filename=\"" . basename($path) . "\"\r\n"
            . 'Content-Length: ' . strlen($content) . "\r\nContent-Type: image/png\r\n\r\n$content\r\n";
    }
    return ["$body--$boundary--\r\n", "multipart/form-data; boundary=$boundary"];
}

function send(CurlHandle $curl, array $account, array $call): array
{
    $headers = ['User-Agent' => 'huaweicloud-usdk-php/3.0', 'X-Project-Id' => $account['project_id']];
    $headers['Host'] = substr($account['endpoint'], strlen('http://'));
    $body = '';
    if ($call['files']) {
        [$body, $headers['Content-Type']] = form($call);
    } else {
        $headers['Content-Type'] = 'application/json';
        $headers['X-Sdk-Content-Sha256'] = 'UNSIGNED-PAYLOAD';
        $body = $call['body'] === null ? '' : json_encode($call['body']);
    }
    ksort($call['query']);
    $pairs = array_map(fn ($name) => encoded($name) . '=' . encoded($call['query'][$name]), array_keys($call['query']));
    $query = implode('&', $pairs);
    $path = rawurldecode($call['path']);
    $headers = signed($account, $call['method'], $path, $query, $headers, $body);
    curl_reset($curl);
    curl_setopt_array($curl, [
        CURLOPT_URL => $account['endpoint'] . str_replace('%2F', '/', rawurlencode($path)) . ($query === '' ? '' : "?$query"),
        CURLOPT_CUSTOMREQUEST => $call['method'],
        CURLOPT_HTTPHEADER => array_map(fn ($name) => "$name: {$headers[$name]}", array_keys($headers)),
        CURLOPT_RETURNTRANSFER => true,
    ]);
    if ($body !== '') {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    return ['status' => $status, 'body' => json_decode((string) $answer), 'error' => $status === 200 ? '' : (string) $answer . curl_error($curl)];
}

$curl = curl_init();
$account = json_decode(fgets(STDIN), true);
while (($line = fgets(STDIN)) !== false) {
    echo json_encode(send($curl, $account, json_decode($line, true))), "\n";
}
