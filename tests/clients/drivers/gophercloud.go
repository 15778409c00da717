// Requests through gophercloud: one described in JSON on each line of standard input, its result on each line of output.
// The first line is the account. The library logs in, finds FRS in the catalogue, and logs in again after a 401.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
)

type account struct {
	Endpoint    string `json:"endpoint"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Domain      string `json:"domain"`
	ProjectName string `json:"project_name"`
}

type call struct {
	Method string                 `json:"method"`
	Path   string                 `json:"path"`
	Query  map[string]string      `json:"query"`
	Body   map[string]interface{} `json:"body"`
	Texts  map[string]string      `json:"texts"`
	Files  map[string]string      `json:"files"`
}

type result struct {
	Status int         `json:"status"`
	Body   interface{} `json:"body"`
	Error  string      `json:"error"`
	Reused bool        `json:"reused"`
	Token  string      `json:"token"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	var who account
	read(input, &who)
	provider, err := openstack.AuthenticatedClient(gophercloud.AuthOptions{
		IdentityEndpoint: who.Endpoint,
		Username:         who.User,
		Password:         who.Password,
		DomainName:       who.Domain,
		Scope:            &gophercloud.AuthScope{ProjectName: who.ProjectName, DomainName: who.Domain},
		AllowReauth:      true,
	})
	must(err)
	base, err := provider.EndpointLocator(gophercloud.EndpointOpts{Type: "face", Availability: gophercloud.AvailabilityPublic})
	must(err)
	output := json.NewEncoder(os.Stdout)
	for {
		var next call
		if !read(input, &next) {
			return
		}
		must(output.Encode(send(provider, base, next)))
	}
}

func send(provider *gophercloud.ProviderClient, base string, next call) result {
	var answer result
	trace := httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { answer.Reused = got.Reused }}
	provider.Context = httptrace.WithClientTrace(context.Background(), &trace)
	options := gophercloud.RequestOpts{JSONResponse: &answer.Body, OkCodes: []int{200}}
	if len(next.Files) > 0 {
		form, contentType := encode(next)
		options.RawBody = bytes.NewReader(form)
		options.MoreHeaders = map[string]string{"Content-Type": contentType}
	} else if next.Body != nil {
		options.JSONBody = next.Body
	}
	address := strings.TrimSuffix(base, "/") + next.Path
	if len(next.Query) > 0 {
		query := url.Values{}
		for name, value := range next.Query {
			query.Set(name, value)
		}
		address += "?" + query.Encode()
	}
	response, err := provider.Request(next.Method, address, &options)
	answer.Token = provider.Token()
	if response != nil {
		answer.Status = response.StatusCode
	}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func encode(next call) ([]byte, string) {
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	for name, text := range next.Texts {
		must(writer.WriteField(name, text))
	}
	for name, path := range next.Files {
		content, err := os.ReadFile(path)
		must(err)
		part, err := writer.CreateFormFile(name, name)
		must(err)
		_, err = part.Write(content)
		must(err)
	}
	must(writer.Close())
	return buffer.Bytes(), writer.FormDataContentType()
}

func read(input *bufio.Reader, value interface{}) bool {
	line, err := input.ReadBytes('\n')
	if err != nil {
		return false
	}
	must(json.Unmarshal(line, value))
	return true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
