// Package client speaks Tabiya's public HTTP API as an app would: it keeps its
// connections, and repeats a request that got no clear answer with the same
// Idempotency-Key until it gets one.
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
	// requestTimeout bounds one try; the server itself answers
	// outcome_unknown well before.
	requestTimeout = 30 * time.Second
	firstPause     = 50 * time.Millisecond
	longestPause   = 2 * time.Second
	// maxAnswer bounds what is read of an answer: the longest game is 600 plies.
	maxAnswer = 4 << 20
)

// Client is safe for concurrent use.
type Client struct {
	base     string
	http     *http.Client
	patience time.Duration
	onRetry  func(error)
}

// Config of a Client.
type Config struct {
	URL string // the server's, such as http://127.0.0.1:8080
	// Patience is how long a request is repeated while the server cannot be
	// reached or asks to come back later.
	Patience time.Duration
	// Connections that are kept open.
	Connections int
	// OnRetry, if set, hears of each try that has to be repeated.
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

// Problem is an answer of the server that is not a success (RFC 9457).
type Problem struct {
	Status int          `json:"status"`
	Code   schemas.Code `json:"code"`
	Detail string       `json:"detail"`

	retryAfter time.Duration
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
}

// CodeOf is the code of the problem document behind err, "" if there is none.
func CodeOf(err error) schemas.Code {
	var p *Problem
	if errors.As(err, &p) {
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

// Do sends the request until it gets a clear answer, a success or a refusal, or
// until the client's patience is over. out takes the JSON of a success: a
// pointer, a *[]byte for the bytes as they are, or nil.
func (c *Client) Do(ctx context.Context, r Request, out any) error {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = json.Marshal(r.Body); err != nil {
			return fmt.Errorf("encode %s %s: %w", r.Method, r.Path, err)
		}
	}
	giveUp := time.Now().Add(c.patience)
	pause := firstPause
	for {
		err := c.try(ctx, r, body, out)
		if err == nil || !again(err) || ctx.Err() != nil {
			return err
		}
		if c.onRetry != nil {
			c.onRetry(err)
		}
		wait := pause/2 + rand.N(pause)
		var p *Problem
		if errors.As(err, &p) && p.retryAfter > 0 {
			wait = min(p.retryAfter, longestPause) + rand.N(firstPause)
		}
		pause = min(2*pause, longestPause)
		if time.Now().Add(wait).After(giveUp) {
			return fmt.Errorf("no clear answer in %s: %w", c.patience, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// unanswered is a try without any answer: whether the server did it is unknown.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

// again reports whether the same request may get a clear answer later.
func again(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false // a 500 is a bug, not a wait
	}
	var u unanswered
	return errors.As(err, &u)
}

func (c *Client) try(ctx context.Context, r Request, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := c.send(ctx, r, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return unanswered{fmt.Errorf("read the answer to %s %s: %w", r.Method, r.Path, err)}
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = text
		return nil
	default:
		if err := json.Unmarshal(text, out); err != nil {
			return fmt.Errorf("decode the answer to %s %s: %w", r.Method, r.Path, err)
		}
		return nil
	}
}

// send gives a successful answer with its body still to be read, or a Problem.
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
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, unanswered{fmt.Errorf("send: %w", err)}
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, problemOf(answer)
}

func problemOf(answer *http.Response) error {
	p := &Problem{}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil || json.Unmarshal(text, p) != nil {
		p.Detail = http.StatusText(answer.StatusCode)
	}
	p.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
