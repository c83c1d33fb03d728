// Package client is a client of Tabiya's public HTTP API. It repeats a request that
// got no clear answer, with the same Idempotency-Key, until it gets one.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tabiya/schemas"
)

const (
	// requestTimeout limits one attempt. The server answers outcome_unknown well
	// before.
	requestTimeout = 30 * time.Second
	firstPause     = 50 * time.Millisecond
	maxPause       = 2 * time.Second
	// maxAnswerBytes limits the size of a response. A game has at most 600 plies.
	maxAnswerBytes = 4 << 20
)

// Client is safe for concurrent use.
type Client struct {
	base     string
	http     *http.Client
	patience time.Duration
	onRetry  func(error)
}

// Config configures a Client.
type Config struct {
	URL string // of the server, such as http://127.0.0.1:8080
	// Patience is how long a request is repeated while the server is unreachable or
	// asks to retry later.
	Patience time.Duration
	// Connections is the number of idle connections to keep open.
	Connections int
	// OnRetry, if set, is called with the error of each attempt that is repeated.
	OnRetry func(error)
}

// New makes a client.
func New(cfg Config) *Client {
	return &Client{
		base: strings.TrimRight(cfg.URL, "/"),
		http: &http.Client{Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConns:          cfg.Connections,
			MaxIdleConnsPerHost:   cfg.Connections,
			IdleConnTimeout:       90 * time.Second,
			ResponseHeaderTimeout: requestTimeout,
			DisableCompression:    true,
		}},
		patience: cfg.Patience,
		onRetry:  cfg.OnRetry,
	}
}

// Problem is an error response of the server, a problem document (RFC 9457).
type Problem struct {
	Status int          `json:"status"`
	Code   schemas.Code `json:"code"`
	Detail string       `json:"detail"`

	retryAfter time.Duration
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
}

// CodeOf returns the code of the Problem in err's chain, "" if there is none.
func CodeOf(err error) schemas.Code {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code
	}
	return ""
}

// Request is one call.
type Request struct {
	Method, Path string
	Token        string // bearer token, if any
	Key          string // Idempotency-Key, if any
	Accept       string
	Body         any // sent as JSON, if not nil
}

// Do sends the request until it gets a clear answer, which is a success or a
// Problem that a repeat would not change, or until the client's Patience is over.
// The body of a success is decoded as JSON into out, copied if out is a *[]byte, and
// discarded if out is nil.
func (c *Client) Do(ctx context.Context, r Request, out any) error {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = json.Marshal(r.Body); err != nil {
			return fmt.Errorf("encode %s %s: %w", r.Method, r.Path, err)
		}
	}
	deadline := time.Now().Add(c.patience)
	pause := firstPause
	for {
		err := c.attempt(ctx, r, body, out)
		if err == nil || !retryable(err) || ctx.Err() != nil {
			return err
		}
		if c.onRetry != nil {
			c.onRetry(err)
		}
		wait := pause/2 + rand.N(pause)
		if p, ok := errors.AsType[*Problem](err); ok && p.retryAfter > 0 {
			wait = min(p.retryAfter, maxPause) + rand.N(firstPause)
		}
		pause = min(2*pause, maxPause)
		if time.Now().Add(wait).After(deadline) {
			return fmt.Errorf("no clear answer within %s: %w", c.patience, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// noAnswerError is an attempt that got no answer. The server may or may not have
// done what was requested.
type noAnswerError struct{ error }

func (u noAnswerError) Unwrap() error { return u.error }

// retryable reports whether the same request may get a clear answer later.
func retryable(err error) bool {
	if p, ok := errors.AsType[*Problem](err); ok {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false // including 500, which is a bug that waiting does not fix
	}
	_, ok := errors.AsType[noAnswerError](err)
	return ok
}

func (c *Client) attempt(ctx context.Context, r Request, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := c.send(ctx, r, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return noAnswerError{fmt.Errorf("read response to %s %s: %w", r.Method, r.Path, err)}
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = text
		return nil
	default:
		if err := json.Unmarshal(text, out); err != nil {
			return fmt.Errorf("decode response to %s %s: %w", r.Method, r.Path, err)
		}
		return nil
	}
}

// send returns a successful response with its body unread, or an error: a Problem
// or a noAnswerError.
func (c *Client) send(ctx context.Context, r Request, body []byte) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, reader)
	if err != nil {
		return nil, fmt.Errorf("make request %s %s: %w", r.Method, r.Path, err)
	}
	for name, value := range map[string]string{"Idempotency-Key": r.Key, "Accept": r.Accept} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, noAnswerError{fmt.Errorf("send: %w", err)}
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	return nil, readProblem(response)
}

func readProblem(response *http.Response) error {
	p := &Problem{}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil || json.Unmarshal(text, p) != nil {
		p.Detail = http.StatusText(response.StatusCode)
	}
	p.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
