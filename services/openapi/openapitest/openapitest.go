// Package openapitest checks real requests and responses against the OpenAPI
// document.
package openapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"tabiya/services/openapi"
)

// Load parses and validates the document.
func Load() (*openapi3.T, error) {
	text, err := openapi.Document()
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("load the openapi document: %w", err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate the openapi document: %w", err)
	}
	return document, nil
}

type checker struct {
	document *openapi3.T
	router   routers.Router
}

var load = sync.OnceValues(func() (*checker, error) {
	document, err := Load()
	if err != nil {
		return nil, err
	}
	// Clients must ignore unknown fields; our tests must find them.
	for _, schema := range document.Components.Schemas {
		closeObjects(schema.Value)
	}
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, response := range operation.Responses.Map() {
				for _, media := range response.Value.Content {
					closeObjects(media.Schema.Value)
				}
			}
		}
	}
	for _, text := range []string{"text/event-stream", "application/x-ndjson", "application/x-chess-pgn"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.PlainBodyDecoder)
	}
	document.Servers = nil // the router then matches paths alone
	router, err := legacy.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("make the openapi router: %w", err)
	}
	return &checker{document, router}, nil
})

// closeObjects makes every object with listed fields refuse others.
func closeObjects(s *openapi3.Schema) {
	if s == nil || s.Extensions["x-closed"] != nil {
		return
	}
	if len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil && s.AdditionalProperties.Has == nil {
		no := false
		s.AdditionalProperties.Has = &no
		if s.Extensions == nil {
			s.Extensions = map[string]any{}
		}
		s.Extensions["x-closed"] = true // schemas may be recursive
	}
	for _, p := range s.Properties {
		closeObjects(p.Value)
	}
	if s.Items != nil {
		closeObjects(s.Items.Value)
	}
}

// Validate fails the test unless the document describes resp as a response to req:
// status, headers, content type, body, and the code of a problem. It must also
// allow req, if that succeeded. Validate reads resp.Body and makes it readable
// again.
func Validate(t testing.TB, req *http.Request, resp *http.Response) {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read the response to %s %s: %v", req.Method, req.URL, err)
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	ValidateBody(t, req, resp, body)
}

// ValidateAs fails the test unless a JSON text, such as a frame of a socket, is as the
// document's schema of that name says, without other fields.
func ValidateAs(t testing.TB, schema string, text []byte) {
	t.Helper()
	if err := checkAs(schema, text); err != nil {
		t.Errorf("%.500s\nis no %s of the openapi document: %v", text, schema, err)
	}
}

func checkAs(schema string, text []byte) error {
	c, err := load()
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	ref := c.document.Components.Schemas[schema]
	if ref == nil {
		return errors.New("the document has no such schema")
	}
	return ref.Value.VisitJSON(value)
}

// ValidateBody is Validate for a response of which body was read already; a
// stream may have more to come.
func ValidateBody(t testing.TB, req *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	if err := check(req, resp, body); err != nil {
		t.Errorf("%s %s: %d %.500s\ndoes not match the openapi document: %v", req.Method, req.URL, resp.StatusCode, body, err)
	}
}

func check(req *http.Request, resp *http.Response, body []byte) error {
	c, err := load()
	if err != nil {
		return err
	}
	sent := req.Clone(req.Context())
	sent.URL.Scheme, sent.URL.Host, sent.Host = "", "", ""
	// The router must not interpret an escaped slash or plus in a parameter.
	sent.URL.Path, sent.URL.RawPath = req.URL.EscapedPath(), ""
	sent.Body, err = bodyOf(req)
	if err != nil {
		return err
	}
	route, params, err := c.router.FindRoute(sent)
	if err != nil {
		return fmt.Errorf("find %s %s: %w", req.Method, req.URL.Path, err)
	}
	for name, value := range params {
		if params[name], err = url.PathUnescape(value); err != nil {
			return fmt.Errorf("unescape %s of %s: %w", name, req.URL.Path, err)
		}
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	input := &openapi3filter.RequestValidationInput{Request: sent, PathParams: params, Route: route, Options: options}
	if resp.StatusCode < 400 {
		if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
			return fmt.Errorf("the request succeeded: %w", err)
		}
	}
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err != nil || resp.StatusCode < 400 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		return err
	}
	return c.checkCode(route.Operation, body)
}

// bodyOf returns a new reader of the request's body, since the client has read
// req.Body.
func bodyOf(req *http.Request) (io.ReadCloser, error) {
	if req.GetBody == nil {
		return http.NoBody, nil
	}
	return req.GetBody()
}

func (c *checker) checkCode(operation *openapi3.Operation, body []byte) error {
	var problem struct{ Code string }
	if err := json.Unmarshal(body, &problem); err != nil {
		return fmt.Errorf("parse the problem: %w", err)
	}
	for _, extensions := range []map[string]any{operation.Extensions, c.document.Extensions} {
		codes, _ := extensions["x-problems"].([]any)
		if slices.Contains(codes, any(problem.Code)) {
			return nil
		}
	}
	return fmt.Errorf("x-problems of %s does not list %q", operation.OperationID, problem.Code)
}
